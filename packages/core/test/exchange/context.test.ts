import { describe, expect, it } from 'vitest'
import { type Context, Reply } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { deferred, get, muteErrors, onlyReply, post, replies, request, statuses, turn } from '../support.ts'

muteErrors()

/** The context of one request. */
function contextOf(wire: string, peer: { secure?: boolean; address?: string } = {}): Context {
  let context: Context | undefined
  const t = testServer((c) => {
    context = c
    // Not a 2xx, which would open the tunnel of a CONNECT.
    return c.text('x', 404)
  })
  const client = t.connect(peer)
  client.send(wire)
  expect(onlyReply(client.received).status).toBe(404)
  return context!
}

describe('target (RFC 9112 §3.2, RFC 9110 §7.1)', () => {
  it.each([
    ['origin form', 'GET', '/a/b?x=1&y', '/a/b', '?x=1&y', 'http://a/a/b?x=1&y'],
    ['origin form, empty query', 'GET', '/?', '/', '?', 'http://a/?'],
    ['origin form, encoded', 'GET', '/%61%2f?%3F', '/%61%2f', '?%3F', 'http://a/%61%2f?%3F'],
    ['origin form, two slashes', 'GET', '//evil/x', '//evil/x', '', 'http://a//evil/x'],
    ['origin form, dots', 'GET', '/../x', '/../x', '', 'http://a/../x'],
    ['absolute form', 'GET', 'http://b:81/p?q', '/p', '?q', 'http://b:81/p?q'],
    ['absolute form without a path', 'GET', 'http://b', '/', '', 'http://b/'],
    ['absolute form with a query only', 'GET', 'http://b?q', '/', '?q', 'http://b/?q'],
    ['absolute form, other scheme', 'GET', 'https://b/p', '/p', '', 'http://b/p'],
    ['asterisk form', 'OPTIONS', '*', '*', '', 'http://a'],
    ['authority form', 'CONNECT', 'b:443', '', '', 'http://b:443'],
  ])('%s', (_, method, target, path, search, url) => {
    const c = contextOf(request(method, target))
    expect([c.method, c.target, c.path, c.search, c.url]).toEqual([method, target, path, search, url])
  })

  it('the scheme is that of the connection', () => {
    expect(contextOf(get('/x'), { secure: true }).url).toBe('https://a/x')
    expect(contextOf(get('http://b/x'), { secure: true }).url).toBe('https://b/x')
  })

  it('without a Host: localhost (§3.2 requires none in HTTP/1.0, where an empty one counts as none)', () => {
    expect(contextOf('GET /x HTTP/1.0\r\n\r\n').url).toBe('http://localhost/x')
    expect(contextOf('GET /x HTTP/1.0\r\nHost:\r\n\r\n').url).toBe('http://localhost/x')
  })
})

describe('request line and fields', () => {
  it('method as sent: case matters (RFC 9110 §9.1)', () => {
    expect(contextOf(request('get', '/')).method).toBe('get')
    expect(contextOf(request('PURGE', '/')).method).toBe('PURGE')
  })

  it.each(['1.0', '1.1'])('version %s', (version) => {
    expect(contextOf(get('/', '', version)).httpVersion).toBe(version)
  })

  it('a later minor version is read as 1.1 (RFC 9110 §2.5)', () => {
    expect(contextOf(get('/', '', '1.9')).httpVersion).toBe('1.1')
  })

  it('fields: any case, joined lines, wire order, plain data', () => {
    const { headers } = contextOf(get('/', 'X-A: 1\r\nx-a:2  \r\n__proto__: p\r\nCookie: a=1\r\ncookie: b=2\r\n'))
    expect([headers.get('x-A'), headers.getAll('X-a'), headers.has('X-A')]).toEqual(['1, 2', ['1', '2'], true])
    expect([headers.get('__proto__'), headers.get('constructor'), headers.has('tostring')]).toEqual(['p', null, false])
    expect(headers.get('cookie')).toBe('a=1; b=2')
    expect([...headers].map(([name]) => name)).toEqual(['host', 'x-a', 'x-a', '__proto__', 'cookie', 'cookie'])
  })

  it('they outlive the bytes they came in', async () => {
    const later: Context[] = []
    const t = testServer((c) => {
      later.push(c)
      return c.text('x')
    })
    const client = t.connect()
    for (let i = 0; i < 50; i++) for (const byte of get(`/${i}`, `X: ${i}\r\n`)) client.send(byte)
    await turn()
    expect(later.map((c) => `${c.path} ${c.headers.get('x')}`)).toEqual(
      Array.from({ length: 50 }, (_, i) => `/${i} ${i}`),
    )
  })

  it('peer is the other end', () => {
    const c = contextOf(get(), { address: '::1', secure: true })
    expect(c.peer).toEqual({ address: '::1', port: 50_000, secure: true })
  })

  it('state is for this request alone', () => {
    const t = testServer((c) => {
      const state = c.state as { n?: number }
      state.n = (state.n ?? 0) + 1
      return c.text(`${state.n}`)
    })
    const client = t.connect()
    client.send(get() + get())
    expect(replies(client.received).map((m) => m.body)).toEqual(['1', '1'])
  })
})

describe('c.request', () => {
  it('is a genuine Request, the same at every touch', () => {
    const c = contextOf(get('/p?q=1', 'X-A: 1\r\nX-A: 2\r\n'))
    expect(c.request).toBeInstanceOf(Request)
    expect(c.request).toBe(c.request)
    expect([c.request.method, c.request.url, c.request.headers.get('x-a')]).toEqual(['GET', 'http://a/p?q=1', '1, 2'])
    expect(c.request.body).toBe(null)
  })

  it.each(['json', 'text', 'arrayBuffer', 'formData'] as const)('%s() reads the content', async (how) => {
    const t = testServer(async (c) => {
      const value: unknown = await c.request[how]()
      if (value instanceof FormData) return c.text(value.get('a') as string)
      return c.text(value instanceof ArrayBuffer ? Buffer.from(value).toString() : JSON.stringify(value))
    })
    const [content, seen] = {
      json: ['[1]', '[1]'],
      text: ['x', '"x"'],
      arrayBuffer: ['x', 'x'],
      formData: ['a=5', '5'],
    }[how]
    const client = t.connect()
    client.send(post(content!, '/', 'Content-Type: application/x-www-form-urlencoded\r\n'))
    await turn(6)
    expect(onlyReply(client.received).body).toBe(seen)
  })

  it('its content comes at the reader’s pace, and a POST without has none', async () => {
    let body: unknown
    const t = testServer(async (c) => {
      ;({ body } = c.request)
      return c.text('x')
    })
    t.connect().send(post(''))
    await turn()
    expect(body).toBe(null)
  })

  it('its signal is that of the exchange', async () => {
    let made: Request | undefined
    const t = testServer((c) => {
      made = c.request
      return new Promise<Reply>(() => {})
    })
    const client = t.connect()
    client.send(get())
    await turn()
    expect(made!.signal.aborted).toBe(false)
    client.reset()
    await turn()
    expect(made!.signal.aborted).toBe(true)
    expect((made!.signal.reason as Error).name).toBe('AbortError')
  })

  it('content that never comes to its end fails its reader', async () => {
    let failed: unknown
    const t = testServer(async (c) => {
      await c.request.text().catch((error: unknown) => (failed = error))
      return c.text('x')
    })
    const client = t.connect()
    client.send(`${request('POST', '/', 'Content-Length: 10\r\n')}abc`)
    await turn()
    client.reset()
    await turn()
    expect(failed).toBeInstanceOf(Error)
  })
})

describe('c.hints: 103 (RFC 8297)', () => {
  it('goes out at once, before the reply', async () => {
    const answer = deferred()
    const t = testServer(async (c) => {
      c.hints({ Link: '</a.css>; rel=preload' })
      await answer.promise
      return c.text('x')
    })
    const client = t.connect()
    client.send(get())
    await turn()
    expect(client.received).toBe('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n')
    answer.resolve()
    await turn()
    expect(statuses(client.received)).toEqual([103, 200])
  })

  it('not to HTTP/1.0, not once the reply has begun, not when the client has gone (RFC 9110 §15.2)', async () => {
    const contexts: Context[] = []
    const t = testServer((c) => {
      contexts.push(c)
      c.hints([['link', '<a>']])
      return c.httpVersion === '1.0' ? c.text('x') : new Promise<Reply>(() => {})
    })
    const old = t.connect()
    old.send(get('/', 'Connection: keep-alive\r\n', '1.0'))
    contexts[0]!.hints({ link: '<b>' })
    const gone = t.connect()
    gone.send(get())
    gone.reset()
    await turn()
    contexts[1]!.hints({ link: '<c>' })
    await turn()
    expect(statuses(old.received)).toEqual([200])
    expect(gone.received).not.toContain('<c>')
  })

  it('a field that cannot be sent throws', async () => {
    const t = testServer((c) => {
      c.hints({ link: 'a\r\nb' })
      return c.text('x')
    })
    const client = t.connect()
    client.send(get())
    expect(statuses(client.received)).toEqual([500])
  })

  it('another interim status is sent on; final ones, and those of core, are refused', async () => {
    const refused: number[] = []
    const t = testServer((c) => {
      for (const status of [100, 101, 102, 199, 200, 103.5])
        try {
          c.hints({ 'upload-offset': '7' }, status)
        } catch {
          refused.push(status)
        }
      return c.text('x')
    })
    const client = t.connect()
    client.send(get())
    await turn()
    expect(client.received).toMatch(/^HTTP\/1\.1 102 Processing\r\nupload-offset: 7\r\n\r\nHTTP\/1\.1 199 \r\n/)
    expect(refused).toEqual([100, 101, 200, 103.5])
  })

  it('does not count as the reply’s bytes', async () => {
    let bytes = 0
    const t = testServer((c) => {
      c.done((outcome) => (bytes = outcome.bytes))
      c.hints({ link: '<a>' })
      return c.text('x')
    })
    const client = t.connect()
    client.send(get())
    await turn()
    expect(bytes).toBe(client.received.length - client.received.indexOf('HTTP/1.1 200'))
  })
})
