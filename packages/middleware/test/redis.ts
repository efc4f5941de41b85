import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { beforeAll } from 'vitest'

/** Where `redis-server` is; undefined, and said once, when it is missing. */
export function findRedis(forWhat: string): string | undefined {
  try {
    return execFileSync('which', ['redis-server'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    process.stderr.write(`middleware: no \`redis-server\` on the PATH, so the tests of ${forWhat} are skipped\n`)
    return undefined
  }
}

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
export function redisForTests(program: string): () => RedisUnderTest {
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
      child = spawn(program, ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder], {
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
