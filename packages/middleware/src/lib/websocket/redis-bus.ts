// Messages to all processes, through Redis.
import { randomUUID } from 'node:crypto'
import { guarded } from '@spillway/core'
import type { RedisCommand } from '../tools/redis.ts'
import type { Bus } from './topic.ts'

/** A connection to Redis that only listens, as in `ioredis`. */
export interface RedisSubscriber {
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
}

type Listener = (message: string | Uint8Array) => void

/**
 * Passes messages to other processes and hosts with Redis's PUBLISH: at most once. What is published while the connection to
 * Redis is down does not reach them.
 * @param command sends one command, over a connection that does not listen.
 * @param subscriber a separate connection that reconnects and subscribes again by itself, as those of `ioredis` do.
 * @param prefix of the topics' names in Redis. Default: `topic:`.
 * @param onError is told why subscribing failed. Default: nobody is told, as such clients try again.
 */
export function redisBus(
  command: RedisCommand,
  subscriber: RedisSubscriber,
  prefix: string = 'topic:',
  onError: (error: unknown) => void = () => {},
): Bus {
  // Our own messages come back, and are recognized by this.
  const self = randomUUID()
  const listeners = new Map<string, Listener>()
  const hear = (channel: string, message: string): void => {
    const listener = listeners.get(channel)
    if (!listener || message.startsWith(self)) return
    const kind = message[self.length]
    const content = message.slice(self.length + 1)
    if (kind === 't') listener(content)
    else if (kind === 'b') listener(Buffer.from(content, 'base64'))
  }
  guarded(() => subscriber.on('message', hear), onError)
  return {
    publish: (topic, message) => {
      const content = typeof message === 'string' ? `t${message}` : `b${Buffer.from(message).toString('base64')}`
      return command('PUBLISH', prefix + topic, self + content)
    },
    listen: (topic, listener) => {
      const channel = prefix + topic
      listeners.set(channel, listener)
      guarded(() => subscriber.subscribe(channel), onError)
      return () => {
        listeners.delete(channel)
        return subscriber.unsubscribe(channel)
      }
    },
  }
}
