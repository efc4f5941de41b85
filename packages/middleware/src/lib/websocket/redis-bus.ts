// Messages to all processes, by way of Redis.
import { randomUUID } from 'node:crypto'
import { guarded } from '@spillway/core'
import type { RedisCommand } from '../tools/redis.ts'
import type { Bus } from './topic.ts'

/** A connection to Redis that does nothing but listen, as `ioredis` has it. */
export interface RedisSubscriber {
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  on(event: 'message', listener: (channel: string, message: string) => void): unknown
}

type Listener = (message: string | Uint8Array) => void

/**
 * Hands messages on to other processes and hosts with Redis' PUBLISH: at most once. What is published while the connection to
 * Redis is down is lost there.
 * @param command sends one command, over a connection that does not listen.
 * @param subscriber a connection of its own, that comes back by itself and subscribes again, as those of `ioredis` do.
 * @param prefix in front of the names of topics. Default: `topic:`.
 * @param onError what subscribing rejects with. Default: nobody is told, as such clients try again.
 */
export function redisBus(
  command: RedisCommand,
  subscriber: RedisSubscriber,
  prefix: string = 'topic:',
  onError: (error: unknown) => void = () => {},
): Bus {
  // What we said ourselves comes back, and is known by this.
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
