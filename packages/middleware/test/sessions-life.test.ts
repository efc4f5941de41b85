import type { Handler } from '@spillway/core'
import { router } from '@spillway/middleware/router'
import {
  type NotKept,
  type SessionStore,
  type SessionsOptions,
  memoryStore,
  redisStore,
  sessions,
} from '@spillway/middleware/sessions'
import { sse } from '@spillway/middleware/sse'
import { websocket } from '@spillway/middleware/websocket'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, expectTypeOf, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { redisForTests, redisServer } from './redis.ts'
import { start } from './server.ts'
import { Client } from './session-client.ts'

interface Data {
  user: string
  visits: number
  [key: `item-${string}`]: string
}

const secret = 'the secret of today, 32 bytes or more'

/** Two requests that are in their handlers at the same time. */
class Meeting {
  #waiting: (() => void)[] = []
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  async join(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
      if (this.#waiting.length === this.#count) for (const go of this.#waiting.splice(0)) go()
    })
  }
}

function app(options: SessionsOptions, meeting = new Meeting(1)): Handler {
  return router()
    .use(sessions<Data>(options))
    .get('/', (c) => c.json({ ...c.state.session.data, isNew: c.state.session.isNew }))
    .get('/login', (c) => {
      c.state.session.regenerate()
      c.state.session.data.user = 'ali'
      return c.text('in')
    })
    .get('/remember/:persistent', (c) => {
      c.state.session.regenerate({ idleSeconds: 500, maxAge: 5000, persistent: c.params.persistent === 'yes' })
      c.state.session.data.user = 'ali'
      return c.text('in')
    })
    .get('/public', (c) => {
      c.state.session.data.visits = 1
      return c.text('for all', {
        headers: {
          'Cache-Control': 'public, max-age=600, s-maxage=600',
          'CDN-Cache-Control': 'max-age=600',
          'Surrogate-Control': 'max-age=600',
        },
      })
    })
    .get('/logout-and-fail', (c) => {
      c.state.session.destroy()
      throw new Error('broken')
    })
    .get('/rotate-and-fail', (c) => {
      c.state.session.data.user = 'mallory'
      c.state.session.regenerate()
      throw new Error('broken')
    })
    .get('/logout-and-more', (c) => {
      c.state.session.destroy()
      c.state.session.data.visits = 7
      return c.text('out')
    })
    .get('/put/:key', async (c) => {
      await meeting.join()
      c.state.session.data[`item-${c.params.key}`] = 'kept'
      return c.text('put')
    })
    .get('/bad/:kind', (c) => {
      const { data } = c.state.session
      const values: Record<string, unknown> = { date: new Date(), map: new Map(), big: 1n, nan: NaN }
      ;(data as Record<string, unknown>)['value'] = { list: [values[c.params.kind]] }
      return c.text('never')
    })
}

async function client(options: SessionsOptions, meeting?: Meeting): Promise<Client> {
  return new Client((await start(app(options, meeting), { onError: () => undefined })).url)
}

function clock(): (seconds: number) => void {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  return (seconds) => void vi.advanceTimersByTime(seconds * 1000)
}

describe.each<[string, () => SessionsOptions]>([
  ['sealed', () => ({ secrets: secret })],
  ['in memory', () => ({})],
])('sessions %s', (kind, options) => {
  test('end although the handler fails afterwards', async () => {
    const c = await client(options())
    await c.get('/login')
    const { cookie } = c
    await c.get('/logout-and-fail')
    expect(c.status).toBe(500)
    expect(c.told).toMatch(/^__Host-session=; Max-Age=0/)
    expect(c.headers.get('cache-control')).toBe('no-store')
    c.cookie = cookie
    // A copy of a sealed one lives on, as is documented.
    expect(await c.get('/')).toMatchObject({ isNew: kind !== 'sealed' })
  })

  test('get another name although the handler fails afterwards, with what they had before', async () => {
    const c = await client(options())
    await c.get('/login')
    const { cookie } = c
    await c.get('/rotate-and-fail')
    expect(c.status).toBe(500)
    expect(c.cookie).not.toBe(cookie)
    expect(await c.get('/')).toEqual({ user: 'ali', isNew: false })
    c.cookie = cookie
    expect(await c.get('/')).toMatchObject({ isNew: kind !== 'sealed' })
  })

  test('begin anew with what is set after the end', async () => {
    const c = await client(options())
    await c.get('/login')
    await c.get('/logout-and-more')
    expect(await c.get('/')).toEqual({ visits: 7, isNew: false })
  })

  test('are never for shared caches', async () => {
    const c = await client(options())
    await c.get('/public')
    expect(c.told).toBeDefined()
    expect(c.headers.get('cache-control')).toBe('no-store')
    expect([c.headers.has('cdn-cache-control'), c.headers.has('surrogate-control')]).toEqual([false, false])
  })

  test('may last longer for users who want to be remembered, used or not', async () => {
    const pass = clock()
    const c = await client({ ...options(), idleSeconds: 100, maxAge: 250, persistent: false })
    await c.get('/public')
    expect(c.told).not.toContain('Max-Age')
    await c.get('/remember/yes')
    expect(c.told).toContain('; Max-Age=5000;')
    for (let i = 0; i < 12; i++) {
      pass(400)
      expect(await c.get('/')).toMatchObject({ user: 'ali' })
    }
    pass(201)
    expect(await c.get('/')).toEqual({ isNew: true })
    await c.get('/remember/no')
    expect(c.told).not.toContain('Max-Age')
    pass(499)
    expect(await c.get('/')).toMatchObject({ user: 'ali' })
    pass(500)
    expect(await c.get('/')).toEqual({ isNew: true })
  })

  test('end at their idle time, and a minute before it at the earliest', async () => {
    const pass = clock()
    const c = await client({ ...options(), idleSeconds: 600 })
    await c.get('/login')
    for (let i = 0; i < 3; i++) {
      pass(59)
      await c.get('/')
      pass(540)
      expect(await c.get('/')).toMatchObject({ user: 'ali' })
    }
    pass(600)
    expect(await c.get('/')).toEqual({ isNew: true })
  })

  test.each([
    ['date', '`0` is a Date'],
    ['map', '`0` is a Map'],
    ['big', '`0` is a bigint'],
    ['nan', '`0` is NaN'],
  ])('refuse a %s, which would come back as something else', async (which, message) => {
    const errors: unknown[] = []
    const server = await start(app(options()), { onError: (error) => void errors.push(error) })
    const c = new Client(server.url)
    await c.get('/login')
    await c.get(`/bad/${which}`)
    expect(c.status).toBe(500)
    expect(String(errors[0])).toContain(message)
    expect(await c.get('/')).toEqual({ user: 'ali', isNew: false })
  })
})

test('what does not come back from JSON is a type error', () => {
  interface Strange {
    since: Date
    names: string[]
    nested: { ids: Set<string>; at?: number }
    any: any
    anything: unknown
  }
  router()
    .use(sessions<Strange>())
    .get('/', (c) => {
      const { data } = c.state.session
      expectTypeOf(data.since).toEqualTypeOf<NotKept<Date> | undefined>()
      expectTypeOf(data.names).toEqualTypeOf<string[] | undefined>()
      expectTypeOf(data.nested?.at).toEqualTypeOf<number | undefined>()
      // @ts-expect-error a date
      data.since = new Date()
      // @ts-expect-error a set
      data.nested = { ids: new Set() }
      data.names = ['a']
      data.anything = 1
      data.any = 2
      return c.empty()
    })
})

/** Five requests that put something into one session at the same time, and what it has then. */
async function parallel(options: SessionsOptions): Promise<unknown> {
  const c = await client(options, new Meeting(5))
  await c.get('/login')
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => c.other().get(`/put/${key}`)))
  return c.get('/')
}

describe('requests at the same time', () => {
  const all = { 'item-a': 'kept', 'item-b': 'kept', 'item-c': 'kept', 'item-d': 'kept', 'item-e': 'kept' }

  test('each keep what they change', async () => {
    expect(await parallel({})).toEqual({ user: 'ali', isNew: false, ...all })
  })

  test('a store of one’s own that does not compare keeps the last, and what it returns by the way is no record', async () => {
    const inner = memoryStore()
    const plain: SessionStore = {
      get: (key, seconds) => inner.get(key, seconds),
      create: (key, record, seconds) => inner.create(key, record, seconds),
      update: async (key, record, seconds) => {
        await inner.update(key, record, seconds)
        return 'OK'
      },
      delete: (key) => inner.delete(key),
    }
    expect(await parallel({ store: plain })).toMatchObject({ user: 'ali' })
  })

  withTools(redisServer)('with Redis', () => {
    const server = redisForTests()

    test('each keep what they change', async () => {
      const redis = redisStore((command, ...args) => server().redis.call(command, ...args))
      expect(await parallel({ store: redis })).toEqual({ user: 'ali', isNew: false, ...all })
    })

    test('a record is replaced only if it is the one that was read', async () => {
      const redis = redisStore((command, ...args) => server().redis.call(command, ...args))
      await redis.create('cas', 'one', 100)
      expect(await redis.update('cas', 'two', 100, { was: 'zero' })).toBe('one')
      expect(await redis.update('cas', 'two', 100, { was: 'one' })).toBe(undefined)
      expect(await redis.get('cas', 100)).toBe('two')
      expect(await redis.update('gone', 'two', 100, { was: 'one' })).toBe(undefined)
      expect(await redis.get('gone', 100)).toBe(undefined)
    })
  })
})

/** Does something with the session when the stream has begun, and says how that went. */
function events(options: SessionsOptions, act: (session: any) => unknown): Handler {
  return router()
    .use(sessions<Data>(options))
    .get('/login', (c) => c.text((c.state.session.data.user = 'ali')))
    .get('/', (c) => c.json(c.state.session.data))
    .get('/events', (c) => {
      const { session } = c.state
      return sse(c, async (stream) => {
        try {
          await act(session)
          await stream.send({ data: 'done' })
        } catch (error) {
          await stream.send({ data: String(error) })
        }
      })
    })
}

function visit(session: { data: Partial<Data>; save(): Promise<void> }): Promise<void> {
  session.data.visits = 3
  return session.save()
}

describe('after the reply has begun', () => {
  test('`save` keeps what a stream has changed', async () => {
    const c = new Client((await start(events({}, visit))).url)
    await c.get('/login')
    expect(await c.get('/events')).toContain('done')
    expect(await c.get('/')).toEqual({ user: 'ali', visits: 3 })
  })

  test('`save` rejects where nothing can be kept any more', async () => {
    const without = new Client((await start(events({}, visit))).url)
    expect(await without.get('/events')).toContain('TypeError: The reply has begun')
    const sealed = new Client((await start(events({ secrets: secret }, visit))).url)
    await sealed.get('/login')
    expect(await sealed.get('/events')).toContain('TypeError: The reply has begun')
    expect(await sealed.get('/')).toEqual({ user: 'ali' })
  })

  test('`destroy` ends it at once, and `regenerate` throws', async () => {
    const ends = new Client((await start(events({}, (session) => session.destroy()))).url)
    await ends.get('/login')
    expect(await ends.get('/events')).toContain('done')
    await vi.waitFor(async () => expect(await ends.get('/')).toEqual({}))
    const renames = new Client((await start(events({}, (session) => session.regenerate()))).url)
    expect(await renames.get('/events')).toContain('TypeError')
  })

  test('`save` in a WebSocket', async () => {
    const sockets = router()
      .use(sessions<Data>())
      .get('/login', (c) => c.text((c.state.session.data.user = 'ali')))
      .get('/', (c) => c.json(c.state.session.data))
      .get(
        '/socket',
        websocket((c) => ({
          async message(socket) {
            const { session } = c.state as { session: { data: Partial<Data>; save(): Promise<void> } }
            session.data.visits = 9
            await session.save()
            await socket.send('saved')
          },
        })),
      )
    const server = await start(sockets)
    const c = new Client(server.url)
    await c.get('/login')
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/socket`, { headers: { cookie: c.cookie } })
    onTestFinished(() => socket.terminate())
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send('go')
    await new Promise((resolve) => socket.once('message', resolve))
    expect(await c.get('/')).toEqual({ user: 'ali', visits: 9 })
  })

  test('`save` before the reply has another request find it, and one session is made', async () => {
    const store = memoryStore()
    const create = vi.spyOn(store, 'create')
    const early = router()
      .use(sessions<Data>({ store }))
      .get('/', async (c) => {
        c.state.session.data.visits = 1
        void c.state.session.save()
        await c.state.session.save()
        c.state.session.data.user = 'ali'
        return c.text('saved')
      })
      .get('/seen', (c) => c.json(c.state.session.data))
    const c = new Client((await start(early)).url)
    await c.get('/')
    expect(create).toHaveBeenCalledTimes(1)
    expect(await c.get('/seen')).toEqual({ user: 'ali', visits: 1 })
  })
})

const never = new Promise<never>(() => {})
const hung = (): SessionStore => ({ get: () => never, create: () => never, update: () => never, delete: () => never })
const fail = (): never => {
  throw new Error('no connection')
}
const gone = (): SessionStore => ({ get: fail, create: fail, update: fail, delete: fail })

describe('a store that is away', () => {
  const cookie = `__Host-session=${'A'.repeat(43)}`

  test.each([
    ['hung', hung],
    ['gone', gone],
  ])('because it is %s: whoever needs it gets a 503 in time, and nobody else', async (_, make) => {
    const onError = vi.fn<(error: unknown) => void>()
    const server = await start(app({ store: make(), patience: 30, onError }))
    expect(await new Client(server.url).get('/')).toEqual({ isNew: true })
    const c = new Client(server.url, cookie)
    for (let i = 0; i < 20; i++) {
      const answer = await c.get('/')
      expect([c.status, c.headers.get('retry-after'), c.told]).toEqual([503, '1', undefined])
      expect(answer).toMatchObject({ status: 503, code: 'SESSIONS_UNAVAILABLE' })
    }
    expect(onError).toHaveBeenCalled()
    const login = new Client(server.url)
    await login.get('/login')
    expect([login.status, login.told]).toEqual([503, undefined])
  })

  test.each([
    ['hung', hung],
    ['gone', gone],
  ])('because it is %s: with `open` requests go on without a session', async (_, make) => {
    const server = await start(app({ store: make(), patience: 30, whenAway: 'open', onError: () => {} }))
    const c = new Client(server.url, cookie)
    expect(await c.get('/')).toEqual({ isNew: true })
    expect(await c.other('').get('/login')).toBe('in')
    expect(await c.get('/public')).toBe('for all')
    // Nobody is told that a session has ended that has not.
    for (const path of ['/logout-and-more', '/login']) {
      const ending = c.other()
      await ending.get(path)
      expect(ending.status).toBe(503)
      expect(ending.told).toContain('Max-Age=0')
    }
  })

  test('comes back', async () => {
    const memory = memoryStore()
    let isAway = false
    const store = {} as Record<string, (...args: unknown[]) => unknown>
    for (const name of ['get', 'create', 'update', 'delete'] as const)
      store[name] = (...args) => (isAway ? never : (memory[name] as (...all: unknown[]) => unknown)(...args))
    const c = await client({ store: store as unknown as SessionStore, patience: 30, onError: () => {} })
    await c.get('/login')
    const { cookie: before } = c
    isAway = true
    await c.get('/')
    expect(c.status).toBe(503)
    isAway = false
    await vi.waitFor(async () => expect(await c.get('/')).toEqual({ user: 'ali', isNew: false }), { timeout: 10_000 })
    expect(c.cookie).toBe(before)
  })
})

describe('the memory store has bounds', () => {
  const most = 5

  test.each([most - 1, most, most + 1])('%i sessions nobody has logged in with, of 5', (count) => {
    const store = memoryStore({ sessions: most })
    for (let i = 0; i < count; i++) void store.create(String(i), 'x', 10)
    const kept = Array.from({ length: count }, (_, i) => store.get(String(i), 10) !== undefined)
    expect(kept).toEqual(Array.from({ length: count }, (_, i) => count <= most || i > 0))
  })

  test('thousands of new ones end nobody’s session who has logged in, and none whose client has come back', async () => {
    const store = memoryStore({ sessions: 100 })
    const c = await client({ store })
    await c.get('/login')
    const visitor = c.other('')
    await visitor.get('/public')
    await visitor.get('/')
    for (let i = 0; i < 10_100; i++) void store.create(`new ${i}`, 'x', 10)
    expect(await c.get('/')).toEqual({ user: 'ali', isNew: false })
    expect(await visitor.get('/')).toEqual({ visits: 1, isNew: false })
  })

  test('who has logged in stays, through all that changes', async () => {
    const store = memoryStore({ sessions: 2 })
    await store.create('in', '1', 10, { established: true })
    await store.create('back', '2', 10)
    await store.get('back', 10)
    await store.update('in', '3', 10, { established: true })
    await store.create('new', '4', 10)
    expect(['in', 'back', 'new'].map((key) => store.get(key, 10))).toEqual(['3', undefined, '4'])
  })

  test.each([-1, 0, 1])('bytes: as many as there may be and %i', (more) => {
    const record = 'x'.repeat(100)
    const size = 2 * (1 + record.length) + 200
    const store = memoryStore({ totalBytes: 2 * size - more })
    void store.create('a', record, 10)
    void store.create('b', record, 10)
    expect(store.get('a', 10) !== undefined).toBe(more <= 0)
    void store.delete('b')
    void store.create('c', record, 10)
    expect(store.get('c', 10)).toBe(record)
  })

  test('one that is larger than all is refused', () => {
    expect(() => memoryStore({ totalBytes: 500 }).create('a', 'x'.repeat(500), 10)).toThrow(RangeError)
  })
})
