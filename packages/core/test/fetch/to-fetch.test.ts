import { describe, expect, it } from 'vitest'
import { type Context, HttpError, type Outcome, Reply } from '../../src/index.ts'
import { toFetch } from '../../src/web.ts'
import { muteErrors, turn } from '../support.ts'

const errors = muteErrors()

const url = 'http://example.com/a%20b/c?x=1#hash'

describe('toFetch: a handler as fetch-style application', () => {
  it('gives the same context', async () => {
    const app = toFetch((c) => {
      const { method, target, path, search, httpVersion, peer } = c
      const names = [...c.headers].map(([name]) => name)
      return c.json({ method, target, path, search, url: c.url, httpVersion, peer, names, host: c.headers.get('Host') })
    })
    const response = await app(new Request(url, { headers: { 'x-a': '1' } }), {
      remoteAddr: { transport: 'tcp', hostname: '10.0.0.1', port: 7 },
    })
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual({
      method: 'GET',
      target: '/a%20b/c?x=1',
      path: '/a%20b/c',
      search: '?x=1',
      url: 'http://example.com/a%20b/c?x=1',
      httpVersion: '1.1',
      peer: { address: '10.0.0.1', port: 7, secure: false },
      names: ['host', 'x-a'],
      host: 'example.com',
    })
  })

  it('knows the peer as Bun tells it, and none', async () => {
    const app = toFetch((c) => c.json(c.peer))
    const info = { requestIP: () => ({ address: '::1', port: 9 }) }
    expect(await (await app(new Request('https://a/'), info)).json()).toEqual({ address: '::1', port: 9, secure: true })
    expect(await (await app(new Request('http://a/'))).json()).toEqual({ address: '', port: 0, secure: false })
  })

  it.each([
    ['4', 4],
    ['1e1', null],
    ['0x4', null],
    ['', null],
  ])('takes the length %j of the content for what it is', async (length, expected) => {
    const app = toFetch((c) => c.json(c.body.length))
    const request = new Request(url, { method: 'POST', body: 'body', headers: { 'content-length': length } })
    expect(await (await app(request)).json()).toBe(expected)
  })

  it.each(['bytes', 'text', 'json', 'stream', 'request'] as const)('reads content with %s', async (how) => {
    const app = toFetch(async (c) => {
      if (how === 'stream') return c.stream(c.body.stream())
      if (how === 'request') return c.json(await c.request.json())
      const value = await c.body[how]()
      return c.stream(value instanceof Uint8Array ? value : typeof value === 'string' ? value : JSON.stringify(value))
    })
    const response = await app(new Request(url, { method: 'POST', body: '{"a":1}' }))
    expect(await response.text()).toBe('{"a":1}')
  })

  it('the Request is the one that came, when it has no content', async () => {
    const request = new Request(url)
    let seen: Request | undefined
    await toFetch((c) => {
      seen = c.request
      return c.empty()
    })(request)
    expect(seen).toBe(request)
  })

  it('bounds content: 413', async () => {
    const app = toFetch(async (c) => c.text(await c.body.text()), { limits: { bodyBytes: 3 } })
    expect((await app(new Request(url, { method: 'POST', body: 'four' }))).status).toBe(413)
    const stream = new Blob(['four']).stream()
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: stream, duplex: 'half' }
    expect((await app(new Request(url, init))).status).toBe(413)
    expect(await (await app(new Request(url, { method: 'POST', body: 'abc' }))).text()).toBe('abc')
  })

  it('reads no further than is asked', async () => {
    let pulled = 0
    const body = new ReadableStream({
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(10_000))
      },
    })
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' }
    await toFetch((c) => c.text(`${c.body.used}`))(new Request(url, init))
    await turn(4)
    expect(pulled).toBeLessThan(3)
  })

  it('errors become replies', async () => {
    const app = toFetch((c) => {
      if (c.path === '/http') throw new HttpError(418, 'tea')
      c.errorHeaders.set('X-Policy', 'strict')
      if (c.path === '/status') return new Reply('x', 101)
      if (c.path === '/native') return new Response('native', { status: 299 })
      if (c.path === '/nothing') return undefined as never
      return Promise.reject(new Error('secret'))
    })
    const at = async (path: string): Promise<unknown[]> => {
      const response = await app(new Request(`http://a${path}`))
      return [response.status, await response.text(), response.headers.get('x-policy')]
    }
    expect(await at('/http')).toEqual([418, 'tea\n', null])
    expect(await at('/x')).toEqual([500, 'Internal Server Error\n', 'strict'])
    expect(await at('/status')).toEqual([500, 'Internal Server Error\n', 'strict'])
    expect(await at('/nothing')).toEqual([500, 'Internal Server Error\n', 'strict'])
    expect(await at('/native')).toEqual([299, 'native', null])
    expect(errors.calls.length).toBe(3)
    const own = toFetch(() => Promise.reject(new Error('x')), { onError: (_, c) => c!.text('sorry', 503) })
    expect(await (await own(new Request(url))).text()).toBe('sorry')
    const broken = toFetch(() => Promise.reject(new Error('x')), { onError: () => Promise.reject(new Error('y')) })
    expect((await broken(new Request(url))).status).toBe(500)
  })

  it('replies without content have none, HEAD says what GET would', async () => {
    const app = toFetch((c) => (c.path === '/' ? c.text('é') : c.stream(forever(), Number(c.path.slice(1)))))
    const head = await app(new Request('http://a/', { method: 'HEAD' }))
    expect([head.body, head.headers.get('content-length')]).toEqual([null, '2'])
    for (const status of [204, 205, 304]) expect((await app(new Request(`http://a/${status}`))).body).toBe(null)
    expect(stopped).toBe(3)
  })

  it('cookies stay apart; the connection is not ours', async () => {
    const app = toFetch((c) => {
      const reply = c.text('x')
      reply.headers.append('Set-Cookie', 'a=1').append('Set-Cookie', 'b=2')
      reply.headers.set('Connection', 'close').set('Transfer-Encoding', 'chunked')
      return reply
    })
    const { headers } = await app(new Request(url))
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    expect([headers.get('connection'), headers.get('transfer-encoding')]).toEqual([null, null])
  })

  it('upgrades are refused', async () => {
    expect((await toFetch((c) => c.upgrade(() => {}))(new Request(url))).status).toBe(501)
  })
})

describe('toFetch: how it ends', () => {
  it('content at hand is sent', async () => {
    const { app, seen } = watched((c) => c.text('four'))
    const gone = new AbortController()
    await app(new Request(url, { signal: gone.signal }))
    gone.abort()
    expect(seen).toEqual([{ kind: 'sent', status: 200, bytes: 4 }])
  })

  it('a stream is sent when it has been read', async () => {
    const { app, seen } = watched((c) =>
      c.stream(
        (async function* () {
          yield 'a'
          yield new Uint8Array(2)
        })(),
      ),
    )
    const response = await app(new Request(url))
    expect(seen).toEqual([])
    expect((await response.arrayBuffer()).byteLength).toBe(3)
    expect(seen).toEqual([{ kind: 'sent', status: 200, bytes: 3 }])
  })

  it('a stream that is cancelled was aborted by the peer, and its source ends', async () => {
    const { app, seen } = watched((c) => c.stream(forever()))
    const before = stopped
    const reader = (await app(new Request(url))).body!.getReader()
    await reader.read()
    await reader.cancel()
    expect(seen).toEqual(['abort', { kind: 'aborted', by: 'peer', status: 200, bytes: 1 }])
    expect(stopped).toBe(before + 1)
  })

  it('a client that leaves aborts a handler that still thinks', async () => {
    const { app, seen } = watched((c) => c.stream(forever()))
    const gone = new AbortController()
    const response = await app(new Request(url, { signal: gone.signal }))
    gone.abort()
    expect(seen[0]).toBe('abort')
    await response.body!.cancel()
  })

  it('a source that fails behind its first piece errors the stream', async () => {
    const error = new Error('x')
    const { app, seen } = watched((c) =>
      c.stream(
        (async function* () {
          yield 'a'
          throw error
        })(),
      ),
    )
    await expect((await app(new Request(url))).text()).rejects.toThrow('x')
    expect(seen).toEqual(['abort', { kind: 'aborted', by: 'handler', status: 200, bytes: 1, error }])
  })

  it('a source that fails before it is an error reply', async () => {
    const { app, seen } = watched((c) =>
      c.stream({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('x')) }) }),
    )
    expect((await app(new Request(url))).status).toBe(500)
    expect(seen).toMatchObject([{ kind: 'sent', status: 500 }])
  })
})

function watched(make: (c: Context) => Reply): { app: ReturnType<typeof toFetch>; seen: unknown[] } {
  const seen: unknown[] = []
  const app = toFetch((c) => {
    c.done((outcome: Outcome) => seen.push(outcome))
    c.signal.addEventListener('abort', () => seen.push('abort'))
    return make(c)
  })
  return { app, seen }
}

let stopped = 0

function forever(): AsyncIterable<string> {
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: false, value: 'x' }),
      return: () => Promise.resolve({ done: true, value: String(++stopped) }),
    }),
  }
}
