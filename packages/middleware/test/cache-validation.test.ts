import { setTimeout as delay } from 'node:timers/promises'
import { type Context, HttpError, Reply } from '@spillway/core'
import { describe, expect, test, vi } from 'vitest'
import { cached, dateAt, gate, reply, stopTime } from './caching.ts'

const patience = { timeout: 20_000 }
vi.setConfig({ testTimeout: 60_000 })

/** A resource with a version, which answers conditions itself. */
function versioned(c: Context<any, any>, version: string, ...fields: string[]): Reply {
  const same = c.headers.get('if-none-match') === `"${version}"`
  const made = reply(same ? null : version, `ETag: "${version}"`, ...fields)
  made.status = same ? 304 : 200
  return made
}

describe('validation (RFC 9111 §4.3)', () => {
  test('asks with what is known, and nothing of the client, and a 304 makes the response fresh', async () => {
    const setTime = stopTime()
    const modified = `Last-Modified: ${dateAt(-100)}`
    const { get, seen } = await cached((c, times) =>
      versioned(c, 'a', 'Cache-Control: max-age=10', modified, `X-Times: ${times}`),
    )
    await get()
    setTime(10)
    const validated = await get('/', ['If-None-Match: "other"', 'Range: bytes=0-0', 'If-Modified-Since: x'])
    // The client's own condition is answered from what we have; its range, too.
    expect(validated).toMatchObject({ status: 206, text: 'a', cache: 'fwd=stale; fwd-status=304' })
    const { headers } = seen[1]!
    expect(headers.get('if-none-match')).toBe('"a"')
    expect([headers.has('range'), headers.has('if-modified-since')]).toEqual([false, true])
    setTime(19)
    expect(await get()).toMatchObject({ text: 'a', cache: 'hit; ttl=1', age: '9' })
    expect((await get()).headers.get('x-times')).toBe('2')
    expect(seen).toHaveLength(2)
  })

  test('the handler behind sees one request, whichever way it looks', async () => {
    const setTime = stopTime()
    const views: unknown[] = []
    const { get } = await cached((c) => {
      views.push([
        c.headers.get('If-None-Match'),
        c.headers.has('range'),
        c.headers.getAll('if-none-match'),
        [...c.headers].some(([name]) => name === 'range'),
        c.request.headers.get('if-none-match'),
        c.request.url.endsWith('/x?q'),
        c.path + c.search,
      ])
      return versioned(c, 'a', 'Cache-Control: max-age=1')
    })
    await get('/x?q')
    setTime(1)
    await get('/x?q', ['Range: bytes=0-0'])
    expect(views[1]).toEqual(['"a"', false, ['"a"'], false, '"a"', true, '/x?q'])
  })

  test('another version takes its place', async () => {
    const setTime = stopTime()
    const { get } = await cached((c, times) => versioned(c, String(times), 'Cache-Control: max-age=10'))
    await get()
    setTime(10)
    expect(await get()).toMatchObject({ text: '2', cache: 'fwd=stale; fwd-status=200; stored' })
    expect(await get()).toMatchObject({ text: '2', cache: 'hit; ttl=10' })
  })

  test('no-cache is validated each time (§5.2.2.4)', async () => {
    const { get, seen } = await cached((c) => versioned(c, 'a', 'Cache-Control: no-cache'))
    for (let i = 0; i < 3; i++) expect(await get()).toMatchObject({ status: 200, text: 'a' })
    expect(seen.map((c) => c.method)).toEqual(['GET', 'GET', 'GET'])
    expect((await get()).cache).toBe('fwd=stale; fwd-status=304')
  })

  test('what is not to be stored any more is forgotten', async () => {
    const setTime = stopTime()
    const { get, seen } = await cached((c, times) =>
      times === 2
        ? reply('2', 'Cache-Control: no-store')
        : reply(String(times), 'Cache-Control: max-age=10, stale-if-error=1000'),
    )
    await get()
    setTime(10)
    expect(await get()).toMatchObject({ text: '2' })
    expect((await get()).cache).toBe('fwd=uri-miss; fwd-status=200; stored')
    expect(seen).toHaveLength(3)
  })

  test('a 304 that is private, or of another version, ends what is stored; its cookie is for one client', async () => {
    const setTime = stopTime()
    const { get } = await cached((c, times) => {
      if (times === 1) return reply('a', 'ETag: "a"', 'Cache-Control: max-age=10')
      const made = reply(null, 'ETag: "a"', 'Cache-Control: max-age=10', 'Set-Cookie: a=1')
      if (times === 3) made.headers.set('Cache-Control', 'private')
      made.status = 304
      return made
    })
    await get()
    setTime(10)
    const validated = await get()
    expect([validated.text, validated.headers.get('set-cookie')]).toEqual(['a', 'a=1'])
    expect((await get()).headers.has('set-cookie')).toBe(false)
    setTime(20)
    expect(await get()).toMatchObject({ status: 200, text: 'a' })
    expect((await get()).cache).toContain('uri-miss')
  })
})

const servingContent = async () => {
  const made = await cached(() =>
    reply('0123456789', 'Cache-Control: max-age=100', 'ETag: "a"', 'Content-Type: text/plain'),
  )
  await made.get()
  return made
}

describe('what clients ask of a stored response', () => {
  test('HEAD', async () => {
    const { send, seen } = await servingContent()
    const { status, text, headers } = await send('HEAD /')
    expect([status, text, headers.get('content-length'), headers.get('etag')]).toEqual([200, '', '10', '"a"'])
    expect(seen).toHaveLength(1)
    expect(await send('HEAD /other')).toMatchObject({ status: 200, cache: 'fwd=uri-miss; fwd-status=200' })
    expect((await send('GET /other')).cache).toContain('stored')
  })

  test('conditions (§4.3.2)', async () => {
    const { get, seen } = await servingContent()
    const known = await get('/', ['If-None-Match: "b", "a"'])
    expect([known.status, known.text, known.headers.get('etag'), known.headers.has('content-type')]).toEqual([
      304,
      '',
      '"a"',
      false,
    ])
    expect(await get('/', ['If-None-Match: "b"'])).toMatchObject({ status: 200, text: '0123456789' })
    expect(seen).toHaveLength(1)
    expect((await get('/', ['If-Match: "a"'])).cache).toBe('fwd=bypass')
  })

  test('ranges', async () => {
    const { get, seen } = await servingContent()
    const part = await get('/', ['Range: bytes=2-4'])
    expect([part.status, part.text, part.headers.get('content-range')]).toEqual([206, '234', 'bytes 2-4/10'])
    expect(await get('/', ['Range: bytes=2-4', 'If-Range: "b"'])).toMatchObject({ status: 200, text: '0123456789' })
    expect(await get('/', ['Range: bytes=20-'])).toMatchObject({ status: 416 })
    expect((await get('/', ['Range: bytes=0-0,9-9'])).status).toBe(206)
    expect(seen).toHaveLength(1)
  })

  test('of one that is not there, they go through as they are, and nobody waits for them', async () => {
    const { get, seen } = await cached((c) => {
      const made = reply('part', 'Cache-Control: max-age=100')
      made.status = c.headers.has('range') ? 206 : 304
      return made
    })
    expect(await get('/', ['Range: bytes=0-3'])).toMatchObject({ status: 206, cache: 'fwd=uri-miss; fwd-status=206' })
    expect(await get('/', ['If-None-Match: "a"'])).toMatchObject({ status: 304 })
    expect(seen).toHaveLength(2)
  })
})

const servingAll = () =>
  cached((c, times) => {
    if (c.method === 'GET') return reply(String(times), 'Cache-Control: max-age=100')
    const made = reply('', 'Location: /b', 'Content-Location: http://other/c')
    made.status = c.path === '/fails' ? 500 : 201
    return made
  })

describe('invalidation (§4.4)', () => {
  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'MADEUP'])(
    '%s makes what is stored for its URL and Location old',
    async (method) => {
      const { get, send } = await servingAll()
      await get('/a')
      await get('/b')
      await get('/c')
      await send(`${method} /a`, { content: '' })
      expect((await get('/a')).cache).toContain('stored')
      expect((await get('/b')).cache).toContain('stored')
      expect((await get('/c')).cache).toContain('hit')
    },
  )

  test('not when it fails, nor by safe methods, nor for other hosts', async () => {
    const { get, send } = await servingAll()
    await get('/fails')
    await get('http://other/c')
    await send('POST /fails', { content: '' })
    await send('OPTIONS /fails')
    await send('POST /a', { content: '' })
    expect((await get('/fails')).cache).toContain('hit')
    expect((await get('http://other/c')).cache).toContain('hit')
  })

  test('what was on its way meanwhile is not stored', async () => {
    const way = gate()
    const { get, send, seen } = await cached(async (c, times) => {
      if (c.method === 'GET' && times === 1) await way.opened
      return reply(String(times), 'Cache-Control: max-age=100')
    })
    const old = get('/a')
    await vi.waitFor(() => expect(seen).toHaveLength(1), patience)
    await send('POST /a', { content: '' })
    way.open()
    expect(await old).toMatchObject({ text: '1' })
    expect(await get('/a')).toMatchObject({ text: '3' })
  })
})

describe('stale responses (RFC 5861)', () => {
  test('are used while a new one is fetched, once', async () => {
    const setTime = stopTime()
    const way = gate()
    const { get, seen } = await cached(async (c, times) => {
      if (times === 2) await way.opened
      return reply(String(times), 'Cache-Control: max-age=10, stale-while-revalidate=5')
    })
    await get()
    setTime(15)
    for (let i = 0; i < 3; i++) expect(await get()).toMatchObject({ text: '1', cache: 'hit; ttl=-5' })
    expect(seen).toHaveLength(2)
    way.open()
    await vi.waitFor(async () => expect(await get()).toMatchObject({ text: '2' }), patience)
    setTime(31)
    expect(await get()).toMatchObject({ text: '3', cache: 'fwd=stale; fwd-status=200; stored' })
  })

  test('the fetch goes on when the client has its reply, streams and all', async () => {
    const setTime = stopTime()
    const way = gate()
    let done = 0
    const { get } = await cached((c, times) => {
      c.done(() => done++)
      const content = (async function* () {
        yield 'a'
        if (times === 2) await way.opened
        // Whoever waits for the end of the exchange must not close this one.
        yield `${times}${done}`
      })()
      return reply(content, 'Cache-Control: max-age=10, stale-while-revalidate=100')
    })
    expect(await get()).toMatchObject({ text: 'a10' })
    setTime(11)
    expect(await get()).toMatchObject({ text: 'a10' })
    way.open()
    await vi.waitFor(async () => expect(await get()).toMatchObject({ text: 'a21' }), patience)
    expect(done).toBe(2)
  })

  test('the fetch sees the path that the request had then, and may fail', async () => {
    const setTime = stopTime()
    const { get, seen } = await cached((c, times) => {
      if (times === 2) throw new Error('away')
      return reply(c.path, 'Cache-Control: max-age=10, stale-while-revalidate=100')
    })
    await get('/p')
    setTime(11)
    expect(await get('/p')).toMatchObject({ text: '/p' })
    await vi.waitFor(async () => {
      await get('/p')
      expect(seen.length).toBeGreaterThan(2)
    }, patience)
    await vi.waitFor(async () => expect((await get('/p')).cache).toMatch(/^hit; ttl=\d+$/), patience)
  })

  test('stand in for errors, thrown or sent, for as long as allowed', async () => {
    const setTime = stopTime()
    const { get } = await cached((c, times) => {
      if (times === 1) return reply('good', 'Cache-Control: max-age=10, stale-if-error=20')
      if (times === 2) throw new HttpError(502)
      return new Reply('bad', 500)
    })
    await get()
    setTime(30)
    expect(await get()).toMatchObject({ status: 200, text: 'good', cache: 'fwd=stale; detail=stale-if-error' })
    expect(await get()).toMatchObject({ text: 'good', cache: 'fwd=stale; fwd-status=500; detail=stale-if-error' })
    setTime(31)
    expect(await get()).toMatchObject({ status: 500 })
    expect(await get('/', ['Cache-Control: stale-if-error=30'])).toMatchObject({ text: 'good' })
  })

  test('beside s-maxage are for the response to allow, not for the request', async () => {
    const setTime = stopTime()
    const { get, seen } = await cached((c, times) => {
      if (c.path === '/fails' && times > 1) throw new HttpError(503)
      return reply(String(times), 'Cache-Control: s-maxage=10, stale-while-revalidate=100, stale-if-error=200')
    })
    await get('/fails')
    setTime(120)
    expect(await get('/fails')).toMatchObject({ text: '1', cache: 'fwd=stale; detail=stale-if-error' })
    setTime(211)
    expect(await get('/fails', ['Cache-Control: stale-if-error=1000, max-stale'])).toMatchObject({ status: 503 })
    const before = seen.length
    await get('/')
    setTime(222)
    expect(await get('/')).toMatchObject({ text: String(before + 1), cache: 'hit; ttl=-1' })
  })

  test('do not when they must be validated', async () => {
    const setTime = stopTime()
    const { get } = await cached((c, times) => {
      if (times > 1) throw new HttpError(503)
      return reply('x', 'Cache-Control: max-age=10, must-revalidate, stale-if-error=20, stale-while-revalidate=20')
    })
    await get()
    setTime(11)
    expect(await get()).toMatchObject({ status: 503 })
  })
})

describe('many at the same time (§4)', () => {
  test('are one request, and the rest get its reply', async () => {
    const way = gate()
    const { get, seen } = await cached(async (c, times) => {
      await way.opened
      return reply(String(times), 'Cache-Control: max-age=100')
    })
    const all = Array.from({ length: 20 }, () => get())
    await vi.waitFor(() => expect(seen).toHaveLength(1), patience)
    // Most of them have come by now, and those that have not will hit.
    await delay(50)
    way.open()
    const answers = await Promise.all(all)
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['1']))
    expect(answers.some(({ cache }) => cache === 'fwd=uri-miss; collapsed')).toBe(true)
    expect(seen).toHaveLength(1)
  })

  test('are as many when the reply is not to be stored, and do not wait the next time', async () => {
    const way = gate()
    const together = gate()
    const { get, seen } = await cached(async (c, times) => {
      if (times === 1) await way.opened
      if (times === 7) together.open()
      if (times > 4) await together.opened
      return reply(String(times), 'Cache-Control: private')
    })
    const all = Array.from({ length: 4 }, () => get())
    await vi.waitFor(() => expect(seen).toHaveLength(1), patience)
    way.open()
    expect(new Set((await Promise.all(all)).map(({ text }) => text)).size).toBe(4)
    // Each of these is answered only when all three have come through.
    expect(await Promise.all([get(), get(), get()])).toHaveLength(3)
  })

  test('try for themselves when the first one fails or leaves', async () => {
    const way = gate()
    const { get, seen } = await cached(async (c, times) => {
      if (times > 1) return reply(String(times), 'Cache-Control: max-age=100')
      await way.opened
      throw new HttpError(503)
    })
    const first = get()
    await vi.waitFor(() => expect(seen).toHaveLength(1), patience)
    const second = get()
    way.open()
    expect(await first).toMatchObject({ status: 503 })
    expect(await second).toMatchObject({ status: 200, text: '2' })
  })
})

describe('streams', () => {
  test('are passed on as they come', async () => {
    const way = gate()
    const { get } = await cached(() =>
      reply(
        (async function* () {
          yield 'first'
          await way.opened
          yield 'second'
        })(),
        'Cache-Control: max-age=100',
      ),
    )
    const answer = get()
    await delay(10)
    way.open()
    expect(await answer).toMatchObject({ text: 'firstsecond', complete: true })
    expect(await get()).toMatchObject({ text: 'firstsecond', cache: expect.stringMatching(/^hit/) as string })
  })

  test('that are too long are not collected, and are cancelled with their client', async () => {
    let pulled = 0
    let cancelled = false
    const { handler } = await cached(
      () =>
        reply(
          (async function* () {
            try {
              for (;;) {
                pulled += 1000
                yield Buffer.alloc(1000)
              }
            } finally {
              cancelled = true
            }
          })(),
          'Cache-Control: max-age=100',
        ),
      { entryBytes: 10_000 },
    )
    const { testServer } = await import('@spillway/core/testing')
    const client = testServer(handler).connect()
    client.stall(20_000)
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    let before = -1
    await vi.waitFor(
      () => {
        const moved = pulled - before
        before = pulled
        expect([pulled > 0, moved]).toEqual([true, 0])
      },
      { ...patience, interval: 50 },
    )
    expect(pulled).toBeLessThan(200_000)
    client.reset()
    await vi.waitFor(() => expect(cancelled).toBe(true), patience)
  })

  test('a client that leaves does not leave half a response behind', async () => {
    const way = gate()
    let cancelled = 0
    const { handler, get, seen } = await cached(() =>
      reply(
        (async function* () {
          try {
            yield 'half'
            await way.opened
            yield 'whole'
          } finally {
            cancelled++
          }
        })(),
        'Cache-Control: max-age=100',
      ),
    )
    const { testServer } = await import('@spillway/core/testing')
    const client = testServer(handler).connect()
    client.send('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
    await vi.waitFor(() => expect(client.received).toContain('half'), patience)
    client.reset()
    way.open()
    await vi.waitFor(() => expect(cancelled).toBe(1), patience)
    expect(await get()).toMatchObject({ text: 'halfwhole' })
    expect(seen).toHaveLength(2)
  })
})

test('Cache-Status tells of caches further in as well (RFC 9211 §2)', async () => {
  const { get } = await cached(() => reply('x', 'Cache-Control: max-age=100', 'Cache-Status: Origin; hit'), {
    name: 'edge',
  })
  expect((await get()).cache).toBe('Origin; hit, edge; fwd=uri-miss; fwd-status=200; stored')
  expect((await get()).cache).toMatch(/^Origin; hit, edge; hit; ttl=\d+$/)
})
