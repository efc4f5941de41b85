import { cache } from '@spillway/middleware/cache'
import { describe, expect, test } from 'vitest'
import { cached, dateAt, reply, stopTime } from './caching.ts'

describe('freshness (RFC 9111 §4.2)', () => {
  const modified = `Last-Modified: ${dateAt(-1000)}`
  test.each([
    ['max-age', ['Cache-Control: max-age=10'], 10],
    ['s-maxage before max-age', ['Cache-Control: max-age=5, s-maxage=10'], 10],
    ['max-age before Expires', ['Cache-Control: max-age=10', `Expires: ${dateAt(60)}`], 10],
    ['Expires from Date', [`Expires: ${dateAt(10)}`, `Date: ${dateAt(0)}`], 10],
    ['Expires without Date', [`Expires: ${dateAt(10)}`], 10],
    ['max-age with an Age', ['Cache-Control: max-age=30', 'Age: 20'], 10],
    ['max-age with an old Date', ['Cache-Control: max-age=30', `Date: ${dateAt(-20)}`], 10],
    ['a quoted argument', ['Cache-Control: max-age="10"'], 10],
    ['names in any case', ['Cache-Control: MAX-AGE=10'], 10],
    ['public says it may be stored, not for how long', ['Cache-Control: public', 'ETag: "a"'], 0],
    ['no number', ['Cache-Control: max-age=1x', 'ETag: "a"'], 0],
    ['two numbers', ['Cache-Control: max-age=10, max-age=20', 'ETag: "a"'], 0],
    ['Expires that is no date', ['Expires: 0', 'ETag: "a"'], 0],
  ])('%s', async (_, fields, lifetime) => {
    const setTime = stopTime()
    const { get, seen } = await cached((c, times) => reply(String(times), ...fields))
    await get()
    setTime(Math.max(lifetime - 1, 0))
    const before = lifetime > 0 ? await get() : undefined
    expect(before?.cache).toBe(lifetime > 0 ? 'hit; ttl=1' : undefined)
    setTime(lifetime)
    expect(await get()).toMatchObject({ text: '2' })
    expect(seen).toHaveLength(2)
  })

  test('heuristics are asked for: a part of the age, at most a day', async () => {
    const setTime = stopTime()
    const old = `Last-Modified: ${dateAt(-1_000_000_000)}`
    const plain = await cached((c, times) => reply(String(times), modified))
    await plain.get()
    expect(await plain.get()).toMatchObject({ text: '2' })
    const { get } = await cached((c, times) => reply(String(times), c.path === '/old' ? old : modified), {
      heuristic: 0.1,
    })
    await get()
    await get('/old')
    setTime(99)
    expect(await get()).toMatchObject({ text: '1' })
    setTime(100)
    expect((await get()).cache).toContain('fwd=stale')
    setTime(86_399)
    expect(await get('/old')).toMatchObject({ text: '2' })
    setTime(86_400)
    expect((await get('/old')).cache).toContain('fwd=stale')
  })

  test('the age is told (§5.1), counted from what came with it', async () => {
    const setTime = stopTime()
    const { get } = await cached(() => reply('x', 'Cache-Control: max-age=100', 'Age: 7'))
    await get()
    setTime(3)
    expect(await get()).toMatchObject({ age: '10' })
    expect((await get()).headers.get('date')).toBe(dateAt(0))
  })
})

describe('what is stored (§3)', () => {
  const long = 'Cache-Control: max-age=100'
  test.each([
    ['nothing said', [], {}],
    ['no-store', ['Cache-Control: max-age=100, no-store'], {}],
    ['private', ['Cache-Control: max-age=100, private'], {}],
    ['private for some fields', ['Cache-Control: max-age=100, private="x-a"'], {}],
    ['a cookie', [long, 'Set-Cookie: a=1'], {}],
    ['Vary: *', [long, 'Vary: *'], {}],
    ['a status nobody knows', [long], { status: 299 }],
    ['a part', [long, 'Content-Range: bytes 0-0/2'], { status: 206 }],
    ['no-cache without a validator', ['Cache-Control: no-cache'], {}],
    ['max-age=0 without a validator', ['Cache-Control: max-age=0'], {}],
    ['Authorization (§3.5)', [long], { fields: ['Authorization: Basic eDp5'] }],
    ['no-store in the request', [long], { fields: ['Cache-Control: no-store'] }],
    ['content in the request', [long], {}],
  ] as [string, string[], { status?: number; fields?: string[] }][])(
    '%s',
    async (name, fields, { status = 200, fields: asked = [] }) => {
      const { get, send, seen } = await cached(() => {
        const made = reply('x', ...fields)
        made.status = status
        return made
      })
      const once = () => (name === 'content in the request' ? send('GET /', { content: 'x' }) : get('/', asked))
      expect((await once()).cache).not.toContain('stored')
      await once()
      expect(seen).toHaveLength(2)
    },
  )

  test.each(['public', 's-maxage=100', 'must-revalidate'])('Authorization with %s is', async (directive) => {
    const { get } = await cached((c, times) => reply(String(times), `Cache-Control: max-age=100, ${directive}`))
    expect((await get('/', ['Authorization: Basic eDp5'])).cache).toBe('fwd=uri-miss; fwd-status=200; stored')
    expect(await get()).toMatchObject({ text: '1' })
  })

  test.each([200, 203, 204, 301, 302, 404, 410, 503])('status %i with a lifetime is', async (status) => {
    const { get, seen } = await cached(() => {
      const made = reply(status === 204 ? null : 'x', long, 'X-A: 1')
      made.status = status
      return made
    })
    await get()
    const again = await get()
    expect([again.status, again.headers.get('x-a'), seen.length]).toEqual([status, '1', 1])
  })

  test('no-store beside must-understand is, when the status is understood (§5.2.2.3)', async () => {
    const { get } = await cached((c, times) =>
      reply(String(times), 'Cache-Control: must-understand, no-store, max-age=100'),
    )
    await get()
    expect(await get()).toMatchObject({ text: '1' })
  })

  test('fields about the connection are not (§3.1)', async () => {
    const { get } = await cached(() => reply('x', long, 'Connection: x-hop', 'X-Hop: 1', 'Keep-Alive: x', 'X-End: 1'))
    await get()
    const { headers } = await get()
    expect([headers.has('x-hop'), headers.has('keep-alive'), headers.get('x-end')]).toEqual([false, false, '1'])
  })

  test('a stream is, when it is complete; what is broken off or not as long as announced is not', async () => {
    const { get, seen } = await cached((c, times) => {
      const content = (async function* () {
        yield 'a'
        yield Buffer.from('b')
        if (c.path === '/broken') throw new Error('broken')
      })()
      return reply(content, long, ...(c.path === '/short' ? ['Content-Length: 3'] : []), `X-Times: ${times}`)
    })
    expect(await get('/whole')).toMatchObject({ text: 'ab', complete: true })
    expect(await get('/whole')).toMatchObject({ text: 'ab', cache: expect.stringMatching(/^hit/) as string })
    for (const path of ['/broken', '/short']) {
      expect(await get(path)).toMatchObject({ complete: false })
      expect(await get(path)).toMatchObject({ complete: false })
    }
    expect(seen).toHaveLength(5)
  })

  test('the length of an entry has a limit, to the byte, told or not', async () => {
    const { get, seen } = await cached(
      (c) => {
        const size = Number(c.path.slice(2))
        const kind = c.path[1]
        const content = Buffer.alloc(size)
        if (kind === 'b') return reply(content, long)
        const stream = (async function* () {
          for (const byte of content) yield Buffer.of(byte)
        })()
        return reply(stream, long, ...(kind === 'l' ? [`Content-Length: ${size}`] : []))
      },
      { entryBytes: 100 },
    )
    for (const kind of ['b', 's', 'l'])
      for (const size of [99, 100, 101]) {
        const before = seen.length
        expect((await get(`/${kind}${size}`)).text).toHaveLength(size)
        expect((await get(`/${kind}${size}`)).text).toHaveLength(size)
        expect(seen.length - before).toBe(size > 100 ? 2 : 1)
      }
  })

  test('memory has a limit: what was not asked for the longest goes first', async () => {
    const { get, seen } = await cached(() => reply('x'.repeat(10_000), long), { cacheBytes: 35_000 })
    for (const path of ['/1', '/2', '/3', '/1', '/4', '/1', '/3', '/2']) await get(path)
    expect(seen.map(({ path }) => path)).toEqual(['/1', '/2', '/3', '/4', '/2'])
  })

  test('hosts, queries and methods are told apart', async () => {
    const { get, send, seen } = await cached((c, times) => reply(String(times), long))
    await get('/a?1')
    expect(await get('/a?2')).toMatchObject({ text: '2' })
    expect(await get('http://other/a?1')).toMatchObject({ text: '3' })
    expect(await send('OPTIONS /a?1')).toMatchObject({ text: '4', cache: 'fwd=method' })
    expect(await get('/a?1')).toMatchObject({ text: '1' })
    expect(seen).toHaveLength(4)
  })
})

describe('Vary (§4.1)', () => {
  test('chooses among the forms, by all lines of the field', async () => {
    const { get, seen } = await cached((c) =>
      reply(c.headers.getAll('accept-language').join('+'), 'Cache-Control: max-age=100', 'Vary: Accept-Language'),
    )
    expect((await get('/', ['Accept-Language: de, en'])).cache).toContain('fwd=uri-miss')
    expect((await get('/', ['Accept-Language: fr'])).cache).toContain('fwd=vary-miss')
    expect(await get('/', ['Accept-Language: de ,en'])).toMatchObject({ text: 'de, en' })
    expect(await get('/', ['Accept-Language: de', 'Accept-Language: en'])).toMatchObject({ text: 'de, en' })
    expect(await get('/', ['Accept-Language: fr'])).toMatchObject({ text: 'fr' })
    expect(await get()).toMatchObject({ text: '' })
    expect(await get()).toMatchObject({ text: '' })
    expect(seen).toHaveLength(3)
  })

  test('does not fill the memory with forms', async () => {
    const { get, seen } = await cached(() => reply('x', 'Cache-Control: max-age=100', 'Vary: X-A'))
    for (let i = 0; i <= 16; i++) await get('/', [`X-A: ${i}`])
    await get('/', ['X-A: 1'])
    expect(seen).toHaveLength(17)
    await get('/', ['X-A: 0'])
    expect(seen).toHaveLength(18)
  })
})

const serving = async (...fields: string[]) => {
  const setTime = stopTime()
  const made = await cached((c, times) =>
    reply(String(times), ...(fields.length > 0 ? fields : ['Cache-Control: max-age=10'])),
  )
  await made.get()
  return { setTime, ask: async (directive: string) => await made.get('/', [`Cache-Control: ${directive}`]) }
}

describe('request directives (§5.2.1)', () => {
  test('no-cache, and Pragma where there is nothing else', async () => {
    const { ask } = await serving()
    expect(await ask('no-cache')).toMatchObject({ text: '2' })
    const { get } = await cached((c, times) => reply(String(times), 'Cache-Control: max-age=10'))
    await get()
    expect(await get('/', ['Pragma: no-cache'])).toMatchObject({ text: '2' })
    expect(await get('/', ['Pragma: no-cache', 'Cache-Control: max-age=5'])).toMatchObject({ text: '2' })
  })

  test('max-age', async () => {
    const { ask, setTime } = await serving()
    setTime(5)
    expect(await ask('max-age=5')).toMatchObject({ text: '1' })
    expect(await ask('max-age=4')).toMatchObject({ text: '2' })
  })

  test('min-fresh', async () => {
    const { ask, setTime } = await serving()
    setTime(5)
    expect(await ask('min-fresh=5')).toMatchObject({ text: '1' })
    expect(await ask('min-fresh=6')).toMatchObject({ text: '2' })
  })

  test('max-stale', async () => {
    const { ask, setTime } = await serving()
    setTime(15)
    expect(await ask('max-stale=5')).toMatchObject({ text: '1', cache: 'hit; ttl=-5' })
    expect(await ask('max-stale')).toMatchObject({ text: '1' })
    expect(await ask('max-stale=4')).toMatchObject({ text: '2' })
  })

  test.each(['must-revalidate', 'proxy-revalidate', 's-maxage=10'])(
    'max-stale is no match for %s',
    async (directive) => {
      const { ask, setTime } = await serving(`Cache-Control: max-age=10, ${directive}`)
      setTime(11)
      expect(await ask('max-stale')).toMatchObject({ text: '2' })
    },
  )

  test('only-if-cached', async () => {
    const { ask, setTime } = await serving()
    expect(await ask('only-if-cached')).toMatchObject({ status: 200, text: '1' })
    setTime(11)
    expect(await ask('only-if-cached')).toMatchObject({ status: 504, cache: 'detail=only-if-cached' })
  })
})

test('what a cache cannot be is refused at once', () => {
  expect(() => cache({ cacheBytes: -1 })).toThrow(RangeError)
  expect(() => cache({ entryBytes: NaN })).toThrow(RangeError)
  expect(() => cache({ heuristic: 2 })).toThrow(RangeError)
  expect(() => cache({ name: 'a b' })).toThrow(TypeError)
})
