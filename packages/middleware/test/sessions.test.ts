import {
  type SessionStore,
  type SessionsOptions,
  memoryStore,
  redisStore,
  sessions,
} from '@spillway/middleware/sessions'
import { router } from '@spillway/middleware/router'
import type { Handler, MaybePromise } from '@spillway/core'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest'
import { redisForTests, redisServer } from './redis.ts'
import { Client } from './session-client.ts'
import { start } from './server.ts'

interface Data {
  user: string
  visits: number
}

const secret = 'the secret of today, 32 bytes or more'
const oldSecret = 'the former secret, of 32 bytes or more'

function app(options: SessionsOptions): Handler {
  return router()
    .use(sessions<Data>(options))
    .get('/', (c) => c.json({ ...c.state.session.data, isNew: c.state.session.isNew }))
    .get('/visit', (c) => {
      const { data } = c.state.session
      data.visits = (data.visits ?? 0) + 1
      return c.json(data)
    })
    .get('/login', (c) => {
      c.state.session.regenerate()
      c.state.session.data.user = 'ali'
      return c.text('in', { headers: { 'Cache-Control': 'private' } })
    })
    .get('/logout', async (c) => {
      c.state.session.destroy()
      return c.text('out')
    })
    .get('/fail', (c) => {
      c.state.session.data.user = 'half'
      throw new Error('broken')
    })
    .get('/large', (c) => {
      c.state.session.data.user = 'x'.repeat(4000)
      return c.text('never')
    })
}

async function client(options: SessionsOptions): Promise<Client> {
  return new Client((await start(app(options), { onError: () => undefined })).url)
}

/** Time that the tests move. */
function clock(): (seconds: number) => void {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  return (seconds) => void vi.advanceTimersByTime(seconds * 1000)
}

describe.each<[string, () => SessionsOptions]>([
  ['sealed', () => ({ secrets: secret })],
  ['in memory', () => ({})],
])('sessions %s', (kind, options) => {
  test('are not made for a handler that leaves nothing behind', async () => {
    const c = await client(options())
    expect(await c.get('/')).toEqual({ isNew: true })
    expect(c.told).toBe(undefined)
  })

  test('remember, and the cookie is set only when it changes', async () => {
    const c = await client(options())
    expect(await c.get('/visit')).toEqual({ visits: 1 })
    expect(c.told).toMatch(/^__Host-session=[\w-]{40,}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
    expect(c.headers.get('cache-control')).toBe('no-store')
    expect(await c.get('/')).toEqual({ visits: 1, isNew: false })
    expect([c.told, c.headers.has('cache-control')]).toEqual([undefined, false])
    expect(await c.get('/visit')).toEqual({ visits: 2 })
    expect(c.told === undefined).toBe(kind !== 'sealed')
    expect(await c.get('/visit')).toEqual({ visits: 3 })
  })

  test('get a new name when somebody logs in, and keep what they had', async () => {
    const c = await client(options())
    await c.get('/visit')
    const before = c.cookie
    await c.get('/login')
    expect(c.cookie).not.toBe(before)
    expect(c.headers.get('cache-control')).toBe('private')
    expect(await c.get('/')).toEqual({ user: 'ali', visits: 1, isNew: false })
    // Session fixation: what was known before the log-in is worth nothing after it.
    c.cookie = before
    expect(await c.get('/')).not.toHaveProperty('user')
  })

  test('a name that the client chose is never taken', async () => {
    const c = await client(options())
    c.cookie = `__Host-session=${'A'.repeat(43)}`
    expect(await c.get('/visit')).toEqual({ visits: 1 })
    expect(c.cookie).not.toContain('AAAA')
    expect(c.told).toBeDefined()
  })

  test('end on log-out', async () => {
    const c = await client(options())
    await c.get('/login')
    const { cookie } = c
    await c.get('/logout')
    expect(c.told).toBe('__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax')
    expect(await c.get('/')).toEqual({ isNew: true })
    c.cookie = cookie
    // A sealed session is all in the cookie: that a copy of it lives on is said in the documentation.
    expect(await c.get('/')).toEqual(kind === 'sealed' ? { user: 'ali', isNew: false } : { isNew: true })
  })

  test('a log-out of somebody who was never here says nothing', async () => {
    const c = await client(options())
    await c.get('/logout')
    expect(c.told).toBe(undefined)
  })

  test('what a handler changed before it threw is not kept', async () => {
    const c = await client(options())
    await c.get('/fail')
    expect([c.status, c.told]).toEqual([500, undefined])
  })

  test('end when they are not used for a while', async () => {
    const pass = clock()
    const c = await client({ ...options(), idleSeconds: 100, maxAge: 1000 })
    await c.get('/visit')
    for (let i = 0; i < 5; i++) {
      pass(60)
      expect(await c.get('/')).toEqual({ visits: 1, isNew: false })
    }
    pass(101)
    expect(await c.get('/')).toEqual({ isNew: true })
  })

  test('end after their time, used or not', async () => {
    const pass = clock()
    const c = await client({ ...options(), idleSeconds: 100, maxAge: 250 })
    await c.get('/visit')
    for (let i = 0; i < 4; i++) {
      pass(60)
      expect(await c.get('/visit')).toMatchObject({ visits: i + 2 })
    }
    pass(20)
    expect(await c.get('/visit')).toEqual({ visits: 1 })
  })

  test('the name and attributes are the application’s', async () => {
    const c = await client({ ...options(), name: 'sid', cookie: { secure: false, sameSite: 'strict', path: '/visit' } })
    await c.get('/visit')
    expect(c.told).toMatch(/^sid=[\w-]+; Max-Age=2592000; Path=\/visit; HttpOnly; SameSite=Strict$/)
  })
})

describe('sealed sessions', () => {
  test('open with former keys, until these are taken out, and are sealed anew with the first', async () => {
    const old = await client({ secrets: oldSecret })
    await old.get('/visit')
    const both = new Client((await start(app({ secrets: [secret, oldSecret] }))).url, old.cookie)
    const recent = new Client((await start(app({ secrets: [secret] }))).url, old.cookie)
    expect(await recent.get('/')).toEqual({ isNew: true })
    expect(await both.get('/visit')).toEqual({ visits: 2 })
    recent.cookie = both.cookie
    expect(await recent.get('/')).toEqual({ visits: 2, isNew: false })
  })

  test('do not open when a bit was changed, or under another name', async () => {
    const c = await client({ secrets: secret })
    await c.get('/visit')
    const sealed = c.cookie.slice(c.cookie.indexOf('=') + 1)
    const bytes = Buffer.from(sealed, 'base64url')
    for (let i = 0; i < bytes.length; i += 5) {
      const changed = Buffer.from(bytes)
      changed[i]! ^= 1
      c.cookie = `__Host-session=${changed.toString('base64url')}`
      expect(await c.get('/')).toEqual({ isNew: true })
    }
    for (const length of [0, 1, 27, 28, bytes.length - 1]) {
      c.cookie = `__Host-session=${bytes.subarray(0, length).toString('base64url')}`
      expect(await c.get('/')).toEqual({ isNew: true })
    }
    const other = await client({ secrets: secret, name: '__Host-other' })
    other.cookie = `__Host-other=${sealed}`
    expect(await other.get('/')).toEqual({ isNew: true })
  })

  test('cannot be read by the client', async () => {
    const c = await client({ secrets: secret })
    await c.get('/login')
    expect(Buffer.from(c.cookie.slice(15), 'base64url').toString('latin1')).not.toContain('ali')
  })

  test('too much data is an error at once, not a cookie that browsers drop', async () => {
    const c = await client({ secrets: secret })
    await c.get('/large')
    expect([c.status, c.told]).toEqual([500, undefined])
  })
})

test('sessions are typed', () => {
  router()
    .use(sessions<Data>())
    .get('/', (c) => {
      expectTypeOf(c.state.session.data).toEqualTypeOf<Partial<Data>>()
      // @ts-expect-error not in the data
      c.state.session.data.nope = 1
      return c.empty()
    })
})

test.each<[string, SessionsOptions]>([
  ['a short secret', { secrets: 'short' }],
  ['secrets and a store', { secrets: secret, store: memoryStore() }],
  ['a name whose promise is broken', { cookie: { secure: false } }],
])('sessions refuse %s when they are made', (_, options) => {
  expect(() => sessions(options)).toThrow(TypeError)
})

test.each<[string, SessionsOptions]>([
  ['a fraction of a second', { idleSeconds: 0.5 }],
  ['no time at all', { maxAge: 0 }],
])('sessions refuse %s when they are made', (_, options) => {
  expect(() => sessions(options)).toThrow(RangeError)
})

/** What every store has to do. */
function storeRules(make: () => SessionStore, wait: (ms: number) => Promise<void> | void): void {
  test('gives back what was created or updated, and nothing else', async () => {
    const store = make()
    expect(await store.get('a', 10)).toBe(undefined)
    await store.create('a', '1 {"x":"ö\\n"}', 10)
    await store.create('b', 'two', 10)
    expect(await store.get('a', 10)).toBe('1 {"x":"ö\\n"}')
    await store.update('a', 'three', 10)
    expect([await store.get('a', 10), await store.get('b', 10)]).toEqual(['three', 'two'])
    await store.delete('a')
    await store.delete('a')
    expect([await store.get('a', 10), await store.get('b', 10)]).toEqual([undefined, 'two'])
  })

  test('an update brings nothing back that was deleted', async () => {
    const store = make()
    await store.create('gone', '1', 10)
    await store.delete('gone')
    await store.update('gone', '2', 10)
    expect(await store.get('gone', 10)).toBe(undefined)
  })

  test('forgets after the time since the last use', async () => {
    const store = make()
    await store.create('short', '1', 1)
    await wait(600)
    expect(await store.get('short', 1)).toBe('1')
    await wait(600)
    expect(await store.get('short', 1)).toBe('1')
    await wait(1200)
    expect(await store.get('short', 1)).toBe(undefined)
    await store.update('short', '2', 1)
    expect(await store.get('short', 1)).toBe(undefined)
  })
}

describe('the memory store', () => {
  storeRules(memoryStore, (ms) => {
    if (!vi.isFakeTimers()) clock()
    vi.advanceTimersByTime(ms)
  })

  test('is bounded: what was not used for the longest time goes first', () => {
    const store = memoryStore({ sessions: 3 })
    for (const key of ['a', 'b', 'c']) void store.create(key, key, 10)
    void store.get('a', 10)
    void store.create('d', 'd', 10)
    expect(['a', 'b', 'c', 'd'].map((key) => store.get(key, 10))).toEqual(['a', undefined, 'c', 'd'])
  })

  test('gives up what has expired before what lives', () => {
    const pass = clock()
    const store = memoryStore({ sessions: 2 })
    void store.create('long', '1', 100)
    void store.create('short', '2', 1)
    void store.get('long', 100)
    pass(2)
    void store.create('new', '3', 100)
    expect(['long', 'short', 'new'].map((key) => store.get(key, 100))).toEqual(['1', undefined, '3'])
  })
})

test('a store that answers late is waited for, and one that fails is away for a while', async () => {
  const memory = memoryStore()
  const late: SessionStore = {
    get: async (key, seconds) => memory.get(key, seconds),
    create: async (key, record, seconds) => memory.create(key, record, seconds),
    update: () => Promise.reject(new Error('down')),
    delete: async (key) => memory.delete(key),
  }
  const errors: unknown[] = []
  const c = await client({ store: late, onError: (error) => errors.push(error) })
  await c.get('/login')
  expect(await c.get('/')).toEqual({ user: 'ali', isNew: false })
  await c.get('/visit')
  expect([c.status, c.told]).toEqual([503, undefined])
  expect(errors).toEqual([new Error('down')])
  await vi.waitFor(async () => {
    await c.get('/logout')
    expect(c.status).toBe(200)
  }, 5000)
  expect(await c.get('/')).toEqual({ isNew: true })
})

test('a request that outlives the log-out does not bring the session back', async () => {
  let go!: () => void
  const slow = router()
    .use(sessions<Data>())
    .get('/login', (c) => c.text((c.state.session.data.user = 'ali')))
    .get('/slow', async (c) => {
      await new Promise<void>((resolve) => (go = resolve))
      c.state.session.data.visits = 1
      return c.text('slow')
    })
    .get('/logout', (c) => c.text(String(c.state.session.destroy())))
    .get('/', (c) => c.json(c.state.session.data))
  const { url } = await start(slow)
  const c = new Client(url)
  await c.get('/login')
  const { cookie } = c
  const outliving = new Client(url, cookie).get('/slow')
  await vi.waitFor(() => expect(go).toBeDefined())
  await c.get('/logout')
  go()
  expect(await outliving).toBe('slow')
  expect(await new Client(url, cookie).get('/')).toEqual({})
})

withTools(redisServer)('the Redis store, with a real server', () => {
  const server = redisForTests()

  const make = (): SessionStore => redisStore((command, ...args) => server().redis.call(command, ...args))
  storeRules(make, (ms) => new Promise((resolve) => setTimeout(resolve, ms)))

  test('keeps sessions, under digests of their names', async () => {
    const c = await client({ store: make() })
    await c.get('/login')
    expect(await c.get('/visit')).toEqual({ user: 'ali', visits: 1 })
    expect(await c.get('/')).toEqual({ user: 'ali', visits: 1, isNew: false })
    const keys = await server().redis.keys('session:*')
    expect(keys.join(' ')).not.toContain(c.cookie.slice(15))
    await c.get('/logout')
    expect((await server().redis.keys('session:*')).length).toBe(keys.length - 1)
  })

  test('has its own prefix', async () => {
    await redisStore((command, ...args) => server().redis.call(command, ...args), { prefix: 'p:' }).create('k', 'v', 10)
    expect(await server().redis.get('p:k')).toBe('v')
    expect(await server().redis.ttl('p:k')).toBeGreaterThan(8)
  })
})

type Health = 'well' | 'silent' | 'failing'

/** A store that works until it is told to fail, or to say nothing. */
class FailingStore implements SessionStore {
  readonly #inner = memoryStore()
  health: Health = 'well'
  asked = 0

  get(key: string, seconds: number): Promise<string | undefined> {
    return this.#ask(() => this.#inner.get(key, seconds))
  }

  create(key: string, record: string, seconds: number): Promise<void> {
    return this.#ask(() => this.#inner.create(key, record, seconds))
  }

  update(key: string, record: string, seconds: number): Promise<string | undefined | void> {
    return this.#ask(() => this.#inner.update(key, record, seconds))
  }

  delete(key: string): Promise<void> {
    return this.#ask(() => this.#inner.delete(key))
  }

  async #ask<T>(call: () => MaybePromise<T>): Promise<T> {
    this.asked++
    if (this.health === 'failing') throw new Error('away')
    return this.health === 'silent' ? new Promise<never>(() => {}) : call()
  }
}

describe('a store that is away', () => {
  test.each(['silent', 'failing'] as const)(
    'because it is %s: 503 for whoever needs it, and for nobody else',
    async (how) => {
      const store = new FailingStore()
      const errors: unknown[] = []
      const server = await start(app({ store, patience: 20, onError: (error) => errors.push(error) }))
      const login = await fetch(`${server.url}/login`)
      const cookie = login.headers.get('set-cookie')!.split(';')[0]!
      store.health = how
      for (let i = 0; i < 3; i++) {
        const refused = await fetch(`${server.url}/`, { headers: { cookie } })
        expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
      }
      // It is left alone for a while.
      expect(store.asked).toBe(2)
      expect(errors).toHaveLength(1)
      expect((await fetch(`${server.url}/`)).status).toBe(200)
      expect((await fetch(`${server.url}/visit`)).status).toBe(503)
      store.health = 'well'
      await vi.waitFor(async () => {
        expect(await (await fetch(`${server.url}/`, { headers: { cookie } })).json()).toEqual({
          user: 'ali',
          isNew: false,
        })
      }, 5000)
    },
  )

  test('is done without, if that is asked for', async () => {
    const store = new FailingStore()
    const server = await start(app({ store, whenAway: 'open', onError: () => {} }))
    const login = await fetch(`${server.url}/login`)
    const cookie = login.headers.get('set-cookie')!.split(';')[0]!
    store.health = 'failing'
    expect(await (await fetch(`${server.url}/`, { headers: { cookie } })).json()).toEqual({ isNew: true })
    const visit = await fetch(`${server.url}/visit`)
    expect(await visit.json()).toEqual({ visits: 1 })
  })
})
