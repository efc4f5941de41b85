import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Handler, type Peer, Reply } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { problems } from '@spillway/middleware/problem'
import {
  type RateLimitOptions,
  type RateLimitStore,
  memoryStore,
  rateLimit,
  redisStore,
} from '@spillway/middleware/rate-limit'
import { router } from '@spillway/middleware/router'
import { spawn, withTools } from '@spillway/vitest-config/tools'
import * as fc from 'fast-check'
import { build } from 'tsup'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { remaining, take, wait } from '../src/lib/rate-limit/quota.ts'
import { redisForTests, redisServer } from './redis.ts'
import { start } from './server.ts'

const hour = 3600

function app(options: RateLimitOptions) {
  return router()
    .use(rateLimit(options))
    .get('/', (c) => c.text('in'))
    .get('/fail', () => {
      throw new Broken()
    })
}

/** Asks once, over memory; works for what is answered in the same turn. */
function ask(handler: Handler, peer: Partial<Peer> = {}, path = '/', ...fields: string[]): string {
  const connection = testServer(handler, { onError: quiet }).connect(peer)
  connection.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`)
  return connection.received
}

/** What is broken on purpose is not printed. */
const quiet = (error: unknown): Reply | undefined => (error instanceof Broken ? new Reply('sorry', 500) : undefined)

class Broken extends Error {}

const statusOf = (reply: string): number => Number(reply.split(' ')[1])
const fieldOf = (reply: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\r$`, 'im').exec(reply)?.[1]

describe('a quota', () => {
  const quota = { interval: 100, burst: 300 }

  test('is used up and comes back one by one', () => {
    let until: number | undefined
    const at = (now: number): { allowed: boolean; left: number; wait: number } => {
      const taken = take(until, now, quota)
      if (taken.allowed) until = now + taken.ahead
      return { allowed: taken.allowed, left: remaining(taken, quota), wait: wait(taken, quota) }
    }
    expect(at(1000)).toEqual({ allowed: true, left: 2, wait: 0 })
    expect(at(1000)).toEqual({ allowed: true, left: 1, wait: 0 })
    expect(at(1000)).toEqual({ allowed: true, left: 0, wait: 100 })
    expect(at(1000)).toEqual({ allowed: false, left: 0, wait: 100 })
    expect(at(1099)).toEqual({ allowed: false, left: 0, wait: 1 })
    expect(at(1100)).toEqual({ allowed: true, left: 0, wait: 100 })
    expect(at(1100)).toMatchObject({ allowed: false })
    expect(at(9000)).toEqual({ allowed: true, left: 2, wait: 0 })
  })

  test('lets no more through in any time than burst and pace allow, and never refuses a client that keeps to the pace', () => {
    const steps = fc.array(fc.nat(250), { minLength: 1, maxLength: 60 })
    const result = fc.check(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (gaps, requests) => {
        const rule = { interval: 100, burst: 100 * requests }
        let [now, until]: [number, number | undefined] = [0, undefined]
        const allowed: number[] = []
        let isRight = true
        for (const gap of gaps) {
          now += gap
          const taken = take(until, now, rule)
          if (taken.allowed) {
            until = now + taken.ahead
            allowed.push(now)
          } else isRight &&= wait(taken, rule) > 0
        }
        for (let from = 0; from < allowed.length; from++)
          for (let to = from; to < allowed.length; to++)
            isRight &&= to - from + 1 <= requests + (allowed[to]! - allowed[from]!) / 100
        return isRight && (gaps.some((gap) => gap < 100) || allowed.length === gaps.length)
      }),
    )
    expect(result.counterexample).toBeNull()
  })
})

describe('rateLimit', () => {
  test('allows n requests and refuses the next one', () => {
    for (const limit of [1, 2, 7, 100]) {
      const limited = app({ limit, windowSeconds: hour })
      for (let i = 1; i <= limit; i++) {
        const reply = ask(limited)
        expect(statusOf(reply)).toBe(200)
        expect(fieldOf(reply, 'RateLimit-Policy')).toBe(`"default";q=${limit};w=${hour}`)
        expect(fieldOf(reply, 'RateLimit')).toMatch(new RegExp(`^"default";r=${limit - i};t=\\d+$`))
        expect(fieldOf(reply, 'Retry-After')).toBeUndefined()
      }
      const refused = ask(limited)
      expect(statusOf(refused)).toBe(429)
      expect(fieldOf(refused, 'RateLimit')).toMatch(/^"default";r=0;t=\d+$/)
      expect(Number(fieldOf(refused, 'Retry-After'))).toBeGreaterThan(0)
      expect(Number(fieldOf(refused, 'Retry-After'))).toBeLessThanOrEqual(Math.ceil(hour / limit))
    }
  })

  test('gives requests back at its pace', async () => {
    const limited = app({ limit: 1, windowSeconds: 2 })
    expect([statusOf(ask(limited)), statusOf(ask(limited))]).toContain(429)
    await vi.waitFor(() => expect(statusOf(ask(limited))).toBe(200), { timeout: 10_000 })
  })

  test('counts clients by address, of IPv6 by /64', () => {
    const limited = app({ limit: 1, windowSeconds: hour })
    const statuses = ['192.0.2.1', '192.0.2.2', '192.0.2.1', '2001:db8::1', '2001:db8::ffff:1', '2001:db8:0:1::1']
    expect(statuses.map((address) => statusOf(ask(limited, { address })))).toEqual([200, 200, 429, 200, 429, 200])
  })

  test('counts by any key, and not at all without one', () => {
    const limited = app({ limit: 1, windowSeconds: hour, key: (c) => c.headers.get('x-user') ?? undefined })
    const statuses = ['X-User: a', 'X-User: b', 'X-User: a'].map((field) => statusOf(ask(limited, {}, '/', field)))
    expect(statuses).toEqual([200, 200, 429])
    for (let i = 0; i < 3; i++) {
      const reply = ask(limited)
      expect(statusOf(reply)).toBe(200)
      expect(fieldOf(reply, 'RateLimit')).toBeUndefined()
    }
  })

  test('tells its state with errors, and several rules as one list', () => {
    const rules = router()
      .use(
        rateLimit({ limit: 9, windowSeconds: hour, name: 'all' }),
        rateLimit({ limit: 1, windowSeconds: hour, name: 'few' }),
      )
      .get('/', (c) => c.text('in'))
      .get('/fail', () => {
        throw new Broken()
      })
    const failed = ask(rules, {}, '/fail')
    expect(statusOf(failed)).toBe(500)
    expect(fieldOf(failed, 'RateLimit-Policy')).toBe('"few";q=1;w=3600, "all";q=9;w=3600')
    const refused = ask(rules)
    expect(statusOf(refused)).toBe(429)
    expect(fieldOf(refused, 'RateLimit')).toMatch(/^"few";r=0;t=\d+, "all";r=7;t=\d+$/)
  })

  test('refuses with a problem', () => {
    const limited = router()
      .use(problems(), rateLimit({ limit: 1, windowSeconds: hour, name: 'login' }))
      .get('/', (c) => c.text('in'))
    ask(limited)
    const reply = ask(limited)
    expect(fieldOf(reply, 'Content-Type')).toBe('application/problem+json')
    expect(fieldOf(reply, 'RateLimit')).toContain('"login";r=0')
    expect(JSON.parse(reply.split('\r\n\r\n')[1]!)).toMatchObject({
      status: 429,
      code: 'RATE_LIMITED',
      'violated-policies': ['login'],
    })
  })

  test.each<RateLimitOptions>([
    { limit: 0 },
    { limit: 1.5 },
    { limit: 1, windowSeconds: 0 },
    { limit: 1, burst: 0 },
    { limit: 3_000_000, windowSeconds: 1 },
  ])('refuses %j', (options) => {
    expect(() => rateLimit(options)).toThrow(RangeError)
  })

  test.each([
    { limit: 1, name: 'a"b' },
    { limit: 1, name: 'a\n' },
    { limit: 1, store: memoryStore() },
  ])('refuses %j', (options) => {
    expect(() => rateLimit(options as RateLimitOptions)).toThrow(TypeError)
  })
})

describe('the memory store', () => {
  test('forgets the key that asked the longest time ago when it is full', () => {
    const store = memoryStore({ keys: 3 })
    const quota = { interval: 1e9, burst: 1e9 }
    const allowed = (key: string): boolean => (store.take(key, quota) as { allowed: boolean }).allowed
    expect(['a', 'b', 'c'].map(allowed)).toEqual([true, true, true])
    expect(['a', 'b', 'c'].map(allowed)).toEqual([false, false, false])
    expect(allowed('d')).toBe(true)
    expect(['b', 'c', 'd'].map(allowed)).toEqual([false, false, false])
    expect(allowed('a')).toBe(true)
  })
})

describe('a store that is away', () => {
  const failing: RateLimitStore = { take: () => Promise.reject(new Error('no connection')) }
  const silent: RateLimitStore = { take: () => new Promise(() => {}) }
  const throwing: RateLimitStore = {
    take: () => {
      throw new Error('no connection')
    },
  }

  test.each([
    ['fails', failing, 'no connection'],
    ['throws', throwing, 'no connection'],
    ['does not answer', silent, 'has not answered'],
  ])(
    'because it %s lets requests in or out by choice, and is asked again later',
    async (_, store, message) => {
      for (const [whenAway, status] of [
        ['open', 200],
        ['closed', 503],
      ] as const) {
        let asked = 0
        const counted: RateLimitStore = { take: (...args) => (asked++, store.take(...args)) }
        const errors: unknown[] = []
        const onError = (error: unknown): void => void errors.push(error)
        const { url } = await start(app({ limit: 1, store: counted, whenAway, patience: 20, onError }))
        for (let i = 0; i < 3; i++) {
          const reply = await fetch(url)
          expect(reply.status).toBe(status)
          expect(reply.headers.has('ratelimit')).toBe(false)
          expect(reply.headers.get('retry-after')).toBe(status === 503 ? '1' : null)
          expect(await reply.text()).toContain(status === 503 ? 'RATE_LIMIT_UNAVAILABLE' : 'in')
        }
        expect(String(errors[0])).toContain(message)
        expect(errors).toHaveLength(asked)
        const before = asked
        await vi.waitFor(
          async () => {
            await fetch(url)
            expect(asked).toBeGreaterThan(before)
          },
          { timeout: 20_000, interval: 200 },
        )
      }
    },
    60_000,
  )
})

withTools(redisServer)('the Redis store, with a real server', () => {
  const server = redisForTests()
  const make = (prefix?: string): RateLimitStore =>
    redisStore((command, ...args) => server().redis.call(command, ...args), prefix === undefined ? {} : { prefix })

  test('counts like the one in memory', async () => {
    const quota = { interval: 60_000_000, burst: 180_000_000 }
    const stores = [memoryStore(), make('same:')]
    for (let i = 0; i < 5; i++) {
      const [here, there] = [await stores[0]!.take('k', quota), await stores[1]!.take('k', quota)]
      expect(there.allowed).toBe(i < 3)
      expect(there.allowed).toBe(here.allowed)
      expect(remaining(there, quota)).toBe(Math.max(0, 2 - i))
    }
    const ttl = await server().redis.pttl('same:k')
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(180_000)
  })

  test('gives requests back, and leaves nothing behind', async () => {
    const store = make('back:')
    const quota = { interval: 50_000, burst: 50_000 }
    expect((await store.take('k', quota)).allowed).toBe(true)
    await vi.waitFor(async () => expect(await server().redis.exists('back:k')).toBe(0), { timeout: 10_000 })
    expect((await store.take('k', quota)).allowed).toBe(true)
  })

  test('does not mind that Redis has forgotten the script', async () => {
    const store = make('forgotten:')
    const quota = { interval: 1e9, burst: 2e9 }
    expect((await store.take('k', quota)).allowed).toBe(true)
    await server().redis.call('SCRIPT', 'FLUSH')
    expect((await store.take('k', quota)).allowed).toBe(true)
    expect((await store.take('k', quota)).allowed).toBe(false)
  })

  test('fails with what Redis says', async () => {
    await server().redis.set('text:k', 'no number')
    await expect(make('text:').take('k', { interval: 1, burst: 1 })).rejects.toThrow(/^ERR/)
  })

  test('shares quotas between two server processes, to the request', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-limit-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    await build({
      config: false,
      entry: [fileURLToPath(new URL('fixtures/limited-server.ts', import.meta.url))],
      format: ['cjs'],
      outExtension: () => ({ js: '.cjs' }),
      target: 'node20',
      noExternal: [/./],
      outDir: folder,
      silent: true,
    })
    const launch = async (): Promise<string> => {
      const env = { ...process.env, REDIS_SOCKET: server().socket }
      const child = spawn(process.execPath, [join(folder, 'limited-server.cjs')], { env, stdio: ['ignore', 'pipe', 2] })
      const gone = once(child, 'close')
      onTestFinished(async () => {
        child.kill()
        await gone
      })
      const [line] = (await Promise.race([once(child.stdout!, 'data'), gone])) as unknown[]
      return `http://127.0.0.1:${Number(String(line))}/`
    }
    const urls = await Promise.all([launch(), launch()])
    const asked = await Promise.all(Array.from({ length: 120 }, (_, i) => fetch(urls[i % 2]!)))
    const allowed = asked.filter(({ status }) => status === 200)
    expect(allowed).toHaveLength(50)
    expect(asked.filter(({ status }) => status === 429)).toHaveLength(70)
    const left = allowed.map(({ headers }) => Number(/r=(\d+)/.exec(headers.get('ratelimit')!)![1]))
    expect(left.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
  }, 60_000)

  test('is away when Redis is, and back with it', async () => {
    const onError = vi.fn<(error: unknown) => void>()
    const rule = { limit: 1000, store: make('away:'), patience: 2000, onError }
    const [open, closed] = await Promise.all([
      start(app({ ...rule, whenAway: 'open' as const })),
      start(app({ ...rule, whenAway: 'closed' as const })),
    ])
    const status = async (of: typeof open): Promise<string> => {
      const reply = await fetch(of.url)
      return `${reply.status}${reply.headers.has('ratelimit') ? ' counted' : ''}`
    }
    expect([await status(open), await status(closed)]).toEqual(['200 counted', '200 counted'])
    await server().stop()
    expect([await status(open), await status(closed)]).toEqual(['200', '503'])
    expect(onError).toHaveBeenCalled()
    await server().start()
    await vi.waitFor(async () => expect(await status(open)).toBe('200 counted'), { timeout: 20_000, interval: 200 })
    await vi.waitFor(async () => expect(await status(closed)).toBe('200 counted'), { timeout: 20_000, interval: 200 })
  }, 60_000)
})

test('keys are bounded, whatever a client sends, and stay apart', async () => {
  const keys: string[] = []
  const memory = memoryStore()
  const store: RateLimitStore = { take: (key, quota) => (keys.push(key), memory.take(key, quota)) }
  const server = await start(
    app({ limit: 1, store, whenAway: 'closed', key: (c) => c.headers.get('x-key') ?? undefined }),
  )
  const status = async (name: string): Promise<number> =>
    (await fetch(`http://127.0.0.1:${server.port}/`, { headers: { 'X-Key': name } })).status
  const long = 'x'.repeat(8000)
  const statuses = [await status(`${long}a`), await status(`${long}b`), await status(`${long}a`), await status('short')]
  expect(statuses).toEqual([200, 200, 429, 200])
  expect(keys.at(-1)).toBe('default:short')
  expect(Math.max(...keys.map(({ length }) => length))).toBe(86)
})
