import { describe, expect, it } from 'vitest'
import { type Context } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { bodies, deferred, get, muteErrors, onlyReply, post, postChunked, request, statuses, turn } from '../support.ts'

muteErrors()

const framings: readonly (readonly [string, (content: string) => string])[] = [
  ['Content-Length', (content) => post(content)],
  ['chunked', (content) => postChunked([content.slice(0, 2), content.slice(2)].filter((piece) => piece !== ''))],
]

/** What a reader makes of content, sent in pieces that come in different turns. */
async function readAs(wire: string, read: (c: Context) => Promise<string>, pieces = 1): Promise<string> {
  const client = testServer(async (c) => c.text(await read(c))).connect()
  const size = Math.ceil(wire.length / pieces)
  for (let at = 0; at < wire.length; at += size) {
    client.send(wire.slice(at, at + size))
    await turn()
  }
  return onlyReply(client.received).body
}

const readers: readonly (readonly [string, (c: Context) => Promise<string>])[] = [
  ['bytes', async (c) => Buffer.from(await c.body.bytes()).toString()],
  ['text', (c) => c.body.text()],
  ['stream', (c) => new Response(c.body.stream()).text()],
  [
    'iterator',
    async (c) => {
      let text = ''
      for await (const chunk of c.body) text += Buffer.from(chunk).toString()
      return text
    },
  ],
  ['request', (c) => c.request.text()],
]

describe.each(framings)('content by %s (RFC 9112 §6)', (_, frame) => {
  describe.each(readers)('%s', (__, read) => {
    it.each([1, 2, 7])('whole, in %i pieces', async (pieces) => {
      expect(await readAs(frame('hello world'), read, pieces)).toBe('hello world')
    })

    it('empty', async () => {
      expect(await readAs(frame(''), read)).toBe('')
    })
  })

  it('json', async () => {
    expect(await readAs(frame('{"a":[1,2]}'), async (c) => JSON.stringify(await c.body.json()))).toBe('{"a":[1,2]}')
  })

  it.each(['', '{', '{"a":1}x', 'undefined'])('json that is none: 400, for %j', async (content) => {
    const client = testServer(async (c) => c.json(await c.body.json())).connect()
    client.send(frame(content) + get())
    await turn()
    expect(statuses(client.received)[0]).toBe(400)
  })
})

describe('content', () => {
  it('none without Content-Length and Transfer-Encoding (RFC 9112 §6.3)', async () => {
    expect(await readAs(get(), async (c) => `${c.body.length}${await c.body.text()}`)).toBe('0')
    expect(await readAs(request('POST', '/'), async (c) => `${c.body.length}${await c.body.text()}`)).toBe('0')
  })

  it('its length is known, or null when chunked', async () => {
    expect(await readAs(post('abc'), async (c) => `${c.body.length}`)).toBe('3')
    expect(await readAs(postChunked(['abc']), async (c) => `${c.body.length}`)).toBe('null')
  })

  it('may be there for any method: GET too (RFC 9110 §9.3.1)', async () => {
    expect(await readAs(`${get('/', 'Content-Length: 3\r\n')}abc`, (c) => c.body.text())).toBe('abc')
  })

  it('is bytes: nothing is decoded', async () => {
    const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))
    for (const [, frame] of framings)
      expect(await readAs(frame(all), async (c) => Buffer.from(await c.body.bytes()).toString('hex'))).toBe(
        Buffer.from(all, 'latin1').toString('hex'),
      )
  })

  it('text is UTF-8: a malformed sequence becomes U+FFFD, a byte order mark goes', async () => {
    const text = Buffer.from('\ufeffé€', 'utf8').toString('latin1')
    expect(await readAs(post(`${text}\xff`), async (c) => JSON.stringify(await c.body.text()))).toBe(
      Buffer.from('"é€\ufffd"').toString('latin1'),
    )
  })

  it('read in parts keeps its bytes while more comes in', async () => {
    const client = testServer(async (c) => {
      const kept: Uint8Array[] = []
      for await (const chunk of c.body) kept.push(chunk)
      return c.text(Buffer.concat(kept).toString('latin1'))
    }).connect()
    const pieces = Array.from({ length: 40 }, (_, i) => String.fromCharCode(65 + (i % 26)).repeat(i + 1))
    const wire = postChunked(pieces)
    for (let at = 0; at < wire.length; at += 7) {
      client.send(wire.slice(at, at + 7))
      if (at % 3 === 0) await turn(1)
    }
    await turn()
    expect(onlyReply(client.received).body).toBe(pieces.join(''))
  })

  it('of many chunks in one piece of input comes as one', async () => {
    const pieces: number[] = []
    await readAs(postChunked(Array.from({ length: 50 }, () => 'ab')), async (c) => {
      for await (const chunk of c.body) pieces.push(chunk.length)
      return ''
    })
    expect(pieces).toEqual([100])
  })

  it('chunk extensions are ignored (RFC 9112 §7.1.1)', async () => {
    const wire = `${request('POST', '/', 'Transfer-Encoding: chunked\r\n')}3;a=b;c="d"\r\nabc\r\n0;x\r\n\r\n`
    expect(await readAs(wire, (c) => c.body.text())).toBe('abc')
  })
})

async function trailers(c: Context): Promise<string> {
  const before = c.body.trailers
  await c.body.text()
  return JSON.stringify([before, c.body.trailers])
}

describe('trailers (RFC 9110 §6.5)', () => {
  it('are there once the content has been read', async () => {
    expect(await readAs(postChunked(['abc'], '/', 'X-Sum: 1\r\nX-Sum: 2\r\n\r\n'), trailers)).toBe(
      '[null,[["x-sum","1"],["x-sum","2"]]]',
    )
  })

  it('are null when there are none', async () => {
    expect(await readAs(postChunked(['abc']), trailers)).toBe('[null,null]')
    expect(await readAs(post('abc'), trailers)).toBe('[null,null]')
  })

  it('with a meaning in front of the content are dropped (§6.5.1)', async () => {
    const end = 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: b\r\nAuthorization: x\r\nX-Good: 1\r\n\r\n'
    expect(await readAs(postChunked(['abc'], '/', end), trailers)).toBe('[null,[["x-good","1"]]]')
  })
})

describe('is read once', () => {
  const first: readonly (readonly [string, (c: Context) => unknown])[] = [
    ['bytes', (c) => c.body.bytes()],
    ['text', (c) => c.body.text()],
    ['json', (c) => c.body.json()],
    ['stream', (c) => c.body.stream()],
    ['iterator', (c) => c.body[Symbol.asyncIterator]().next()],
  ]

  it.each(first)('%s after text throws', async (_, again) => {
    const read = async (c: Context): Promise<string> => {
      await c.body.text()
      try {
        await again(c)
      } catch (error) {
        return `${(error as Error).name}, used: ${c.body.used}`
      }
      return 'no error'
    }
    expect(await readAs(post('1'), read)).toBe('TypeError, used: true')
  })

  it.each(first)('text after %s throws', async (_, before) => {
    const read = async (c: Context): Promise<string> => {
      await before(c)
      return c.body.text().then(
        () => 'no error',
        (error: unknown) => (error as Error).name,
      )
    }
    expect(await readAs(post('1'), read)).toBe('TypeError')
  })

  it('c.body and c.request share their content', async () => {
    const second = await readAs(post('1'), async (c) => {
      await c.request.text()
      return c.body.text().catch((error: unknown) => (error as Error).name)
    })
    expect(second).toBe('TypeError')
  })
})

describe('a reader sets the pace', () => {
  it('the socket is paused while nobody reads, and resumed when somebody does', async () => {
    const read = deferred()
    const t = testServer(
      async (c) => {
        await read.promise
        return c.text(`${(await c.body.bytes()).length}`)
      },
      { limits: { bodyBytes: 10_000_000 } },
    )
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 1000000\r\n'))
    let sent = 0
    while (!client.paused && sent < 1_000_000) {
      client.send('x'.repeat(10_000))
      sent += 10_000
    }
    expect(client.paused).toBe(true)
    expect(sent).toBeLessThan(200_000)
    client.send('x'.repeat(1_000_000 - sent))
    await turn()
    read.resolve()
    await turn()
    expect(onlyReply(client.received).body).toBe('1000000')
    expect(client.paused).toBe(false)
  })

  it('a reader that is slower than the client pauses it again and again', async () => {
    let pauses = 0
    let go = deferred()
    const t = testServer(async (c) => {
      let size = 0
      for await (const chunk of c.body) {
        size += chunk.length
        await go.promise
      }
      return c.text(`${size}`)
    })
    const client = t.connect()
    client.send(request('POST', '/', 'Content-Length: 800000\r\n'))
    for (let sent = 0; sent < 800_000; sent += 100_000) {
      client.send('x'.repeat(100_000))
      await turn()
      if (!client.paused) continue
      pauses++
      const before = go
      go = deferred()
      before.resolve()
      await turn()
    }
    go.resolve()
    await turn()
    expect(pauses).toBeGreaterThan(2)
    expect(onlyReply(client.received).body).toBe('800000')
  })

  it('content can be sent back while it comes in', async () => {
    const t = testServer((c) => c.stream(c.body))
    const client = t.connect()
    client.send(request('POST', '/', 'Transfer-Encoding: chunked\r\n'))
    for (const piece of ['abc', 'de', 'f']) {
      client.send(`${piece.length}\r\n${piece}\r\n`)
      await turn()
      expect(onlyReply(client.received).body.endsWith(piece)).toBe(true)
    }
    client.send(`0\r\n\r\n${get()}`)
    await turn(6)
    expect(bodies(client.received)).toEqual(['abcdef', ''])
  })
})

describe('the limit of content', () => {
  const limits: readonly (readonly [string, (c: Context, limit: number) => Promise<unknown> | void])[] = [
    ['set', (c, limit) => void (c.body.limit = limit)],
    ['of bytes', (c, limit) => c.body.bytes(limit)],
    ['of text', (c, limit) => c.body.text(limit)],
    ['of json', (c, limit) => c.body.json(limit)],
  ]

  it.each(limits)('%s is a number from 0 on, or there would be none', async (_, read) => {
    const kinds: string[] = []
    const client = testServer(async (c) => {
      for (const wrong of [Number.NaN, -1, '5', null] as number[])
        try {
          await read(c, wrong)
        } catch (error) {
          kinds.push((error as Error).name)
        }
      return c.text(await c.body.text())
    }).connect()
    client.send(post('"content"'))
    await turn()
    expect(onlyReply(client.received).body).toBe('"content"')
    expect(kinds).toEqual(['RangeError', 'RangeError', 'TypeError', 'TypeError'])
  })
})
