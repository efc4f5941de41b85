import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type Tool, findTool, spawn } from '@spillway/vitest-config/tools'
import { beforeAll } from 'vitest'

export const redisServer: Tool = findTool('redis-server')

export interface RedisUnderTest {
  /** Its unix socket. */
  readonly socket: string
  readonly redis: Redis
  /** Starts it, also once more, and waits until it answers. */
  start(): Promise<void>
  /** Ends it, and waits for that. */
  stop(): Promise<void>
}

/** A Redis of their own for the tests of one `describe`. */
export function redisForTests(): () => RedisUnderTest {
  let it: RedisUnderTest
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-redis-'))
    const socket = join(folder, 'redis.sock')
    const redis = new Redis(socket, { retryStrategy: () => 50, maxRetriesPerRequest: null })
    redis.on('error', () => {})
    let child: ChildProcess | undefined
    const stop = async (): Promise<void> => {
      const gone = child && new Promise<void>((resolve) => child!.on('close', () => resolve()))
      child?.kill()
      child = undefined
      await gone
    }
    const start = async (): Promise<void> => {
      child = spawn(redisServer.path, ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder], {
        stdio: 'ignore',
      })
      await redis.ping()
    }
    it = { socket, redis, start, stop }
    await start()
    return async () => {
      redis.disconnect()
      await stop()
      rmSync(folder, { recursive: true })
    }
  })
  return () => it
}
