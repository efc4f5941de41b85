import { Readable } from 'node:stream'
import { runInNewContext } from 'node:vm'
import { FormData as UndiciFormData, Response as UndiciResponse } from 'undici'
import { describe, expect, it } from 'vitest'
import { type Handler, Reply } from '../../src/index.ts'
import { ask, protocols } from '../both-protocols.ts'
import { muteErrors } from '../support.ts'

const errors = muteErrors()

/** A list of fields as old polyfills have it: without iteration. */
class OldHeaders {
  readonly #fields: readonly (readonly [string, string])[]

  constructor(...fields: readonly (readonly [string, string])[]) {
    this.#fields = fields
  }

  get(name: string): string | null {
    return this.#fields.find(([known]) => known === name)?.[1] ?? null
  }

  forEach(callback: (value: string, name: string) => void): void {
    for (const [name, value] of this.#fields) callback(value, name)
  }
}

const asHandler = (make: () => unknown): Handler => (() => make()) as Handler

const foreignBytes = (): Uint8Array => runInNewContext('new Uint8Array([104, 105])') as Uint8Array

const form = (data: { append(name: string, value: string): void }): unknown => {
  data.append('a', 'b')
  return data
}

/** Two turns of the event loop away. */
const latePiece = (): Promise<Uint8Array> =>
  new Promise((resolve) => setImmediate(() => setImmediate(() => resolve(Buffer.from('x')))))

/** A reply as another copy of this package makes it. */
const otherReply = (): unknown => {
  const { status, headers } = new Reply(null, { status: 201, headers: { X: '1' } })
  return { status, headers, body: 'hi', statusText: '', trailers: undefined, toResponse: () => undefined }
}

const statusLineOf = async (make: () => unknown): Promise<string> =>
  (await ask('HTTP/1.1', asHandler(make))).wire.split('\r\n')[0]!

describe.each(protocols)('Responses over %s', (protocol) => {
  it.each<[string, () => unknown, string]>([
    ['a string', () => new Response('hé'), 'hé'],
    ['no text', () => new Response(''), ''],
    ['bytes', () => new Response(Buffer.from('hi')), 'hi'],
    ['an ArrayBuffer', () => new Response(new Uint8Array([104, 105]).buffer), 'hi'],
    ['other views', () => new Response(new Uint16Array([0x6968])), 'hi'],
    ['a DataView', () => new Response(new DataView(new Uint8Array([104, 105]).buffer)), 'hi'],
    ['a Blob', () => new Response(new Blob(['h', 'i'])), 'hi'],
    ['URLSearchParams', () => new Response(new URLSearchParams({ a: 'b c' })), 'a=b+c'],
    ['JSON', () => Response.json({ a: 1 }), '{"a":1}'],
    ['a stream that ends at once', () => new Response(new Response('hi').body), 'hi'],
    ['bytes of another realm', () => new Response(foreignBytes()), 'hi'],
    ['another copy of undici', () => new UndiciResponse('hi'), 'hi'],
    ['another copy of undici, with a Blob', () => new UndiciResponse(new Blob(['hi'])), 'hi'],
  ])('with %s have the length that they have', async (_, make, body) => {
    const answer = await ask(protocol, asHandler(make))
    expect([answer.status, answer.fields.get('content-length'), answer.body]).toEqual([
      200,
      String(Buffer.byteLength(body)),
      body,
    ])
    expect(answer.fields.has('transfer-encoding')).toBe(false)
  })

  it.each([
    ['ours', () => new Response(form(new FormData()) as FormData)],
    ["another copy of undici's", () => new UndiciResponse(form(new UndiciFormData()) as UndiciFormData)],
  ])('with FormData, %s', async (_, make) => {
    const { fields, body } = await ask(protocol, asHandler(make))
    expect(fields.get('content-length')).toBe(String(body.length))
    const type = fields.get('content-type')!
    const parsed = await new Response(body, { headers: { 'Content-Type': type } }).formData()
    expect([...parsed]).toEqual([['a', 'b']])
  })

  it('have the same head for HEAD', async () => {
    for (const make of [() => new Response('hi'), () => Response.json([1])]) {
      const [asGet, asHead] = [await ask(protocol, make), await ask(protocol, make, { method: 'HEAD' })]
      expect(asHead.fields.get('content-length')).toBe(asGet.fields.get('content-length'))
      expect(asHead.body).toBe('')
    }
  })

  it('with much content at hand have its length, too', async () => {
    const bytes = new Uint8Array(3_000_000).fill(97)
    const { fields, body } = await ask(protocol, () => new Response(bytes))
    expect([fields.get('content-length'), body.length]).toEqual(['3000000', 3_000_000])
  })

  it('that go on are streamed, and begin before they end', async () => {
    let left = 3
    const body = new ReadableStream({
      pull: async (controller) => (left-- > 0 ? controller.enqueue(await latePiece()) : controller.close()),
    })
    const answer = await ask(protocol, () => new Response(body))
    expect([answer.fields.has('content-length'), answer.body, answer.complete]).toEqual([false, 'xxx', true])
  })

  it.each<[string, () => unknown]>([
    ['text', () => 'hi'],
    ['bytes', () => Buffer.from('hi')],
    ['bytes of another realm', foreignBytes],
    ['other views', () => new Uint16Array([0x6968])],
    ['a stream of Node', () => Readable.from([Buffer.from('hi')])],
    ['a stream of the web', () => new Response('hi').body],
    ['a Blob', () => new Blob(['hi'])],
    ['only methods', () => undefined],
  ])('of a polyfill whose body is %s', async (_, body) => {
    const make = (): unknown => ({
      status: 201,
      headers: new OldHeaders(['content-type', 'text/x'], ['set-cookie', 'a=1'], ['set-cookie', 'b=2']),
      body: body(),
      arrayBuffer: async () => new Uint8Array([104, 105]).buffer,
    })
    const { status, fields, body: text } = await ask(protocol, asHandler(make))
    expect([status, fields.get('content-type'), text]).toEqual([201, 'text/x', 'hi'])
    expect(fields.get('set-cookie')).toMatch(/b=2$/)
  })

  it('whose fields are kept as node-fetch does have every line', async () => {
    const headers = Object.assign(new OldHeaders(['x', 'joined']), { raw: () => ({ x: ['1', '2'] }) })
    const make = (): unknown => ({ status: 200, headers, body: null, arrayBuffer: async () => new ArrayBuffer(0) })
    const { fields } = await ask(protocol, asHandler(make))
    expect(fields.get('x')).toMatch(/2$/)
  })

  it('whose cookies are one line but for `getSetCookie` have every line', async () => {
    const headers = Object.assign(new OldHeaders(['Set-Cookie', 'a=1, b=2'], ['x', '1']), {
      getSetCookie: () => ['a=1', 'b=2'],
    })
    const make = (): unknown => ({ status: 200, headers, body: null, arrayBuffer: async () => new ArrayBuffer(0) })
    const { wire, fields } = await ask('HTTP/1.1', asHandler(make))
    expect(wire.match(/^set-cookie: .*$/gim)).toEqual(['set-cookie: a=1', 'set-cookie: b=2'])
    expect(fields.get('x')).toBe('1')
  })

  it('that were read before are errors', async () => {
    const response = new Response('x')
    await response.text()
    expect((await ask(protocol, () => response)).status).toBe(500)
    expect(errors.calls.flat().join(' ')).toContain('read already')
  })

  it('of another copy of this package are replies as well', async () => {
    const { status, fields, body } = await ask(protocol, asHandler(otherReply))
    expect([status, fields.get('x'), body]).toEqual([201, '1', 'hi'])
  })

  it.each<[string, () => unknown]>([
    ['a Reply', () => new Reply('gone', { status: 410, headers: { X: '1' } })],
    ['a Response', () => new Response('gone', { status: 410, headers: { X: '1' } })],
    ["another copy of undici's", () => new UndiciResponse('gone', { status: 410, headers: { X: '1' } })],
  ])('that are thrown are the reply: %s', async (_, make) => {
    for (const handler of [
      () => {
        throw make()
      },
      async () => {
        await Promise.resolve()
        throw make()
      },
    ]) {
      const told: unknown[] = []
      const layered: Handler = (c) => {
        c.errorHeaders.set('X-Always', 'yes')
        return handler()
      }
      const { status, fields, body } = await ask(protocol, layered, { onError: (error) => void told.push(error) })
      expect([status, fields.get('x'), fields.get('x-always'), body]).toEqual([410, '1', 'yes', 'gone'])
      expect(fields.get('content-length')).toBe('4')
      expect(told).toEqual([])
    }
  })

  it('that onError makes have their length', async () => {
    const options = { onError: () => Response.json({ wrong: true }, { status: 500 }) }
    const { status, fields } = await ask(protocol, () => Promise.reject(new Error('x')), options)
    expect([status, fields.get('content-length')]).toEqual([500, '14'])
  })
})

describe('the reason phrase', () => {
  it.each<[string, () => unknown]>([
    ['200 Fine', () => new Response('x', { statusText: 'Fine' })],
    ['204 Nothing here', () => new Response(null, { status: 204, statusText: 'Nothing here' })],
    ['404 Not Found', () => new Response('x', { status: 404 })],
    ['200 OK', () => new Response('x', { statusText: 'OK' })],
    [
      '200 Fine',
      () => new Response(new ReadableStream({ pull: () => {} }).pipeThrough(ends()), { statusText: 'Fine' }),
    ],
    ['200 Fine', () => Object.assign(new Reply('x'), { statusText: 'Fine' })],
    ['200 OK', () => Object.assign(new Reply('x'), { statusText: 'a\r\nX: 1' })],
    ['200 OK', () => Object.assign(new Reply('x'), { statusText: 'snow ☃' })],
  ])('is %s', async (said, make) => {
    expect(await statusLineOf(make)).toBe(`HTTP/1.1 ${said}`)
  })

  it('of one reply is not that of the next', async () => {
    const replies = [
      new Response('x', { statusText: 'One' }),
      new Response('x'),
      new Response('x', { statusText: 'Two' }),
    ]
    const handler = (): Response => replies.shift()!
    const lines = []
    for (let i = 0; i < 3; i++) lines.push(await statusLineOf(handler))
    expect(lines).toEqual(['HTTP/1.1 200 One', 'HTTP/1.1 200 OK', 'HTTP/1.1 200 Two'])
  })
})

/** A stream that ends after a while. */
function ends(): TransformStream {
  return new TransformStream({ start: (controller) => void setTimeout(() => controller.terminate(), 5) })
}

describe('what is no reply is named, and what was meant', () => {
  it.each<[string, unknown, string]>([
    [
      'nothing',
      undefined,
      'returned undefined: neither a Reply nor a Response. A handler answers by what it returns: is a `return` missing?',
    ],
    ['null', null, 'returned null: neither a Reply nor a Response. A reply without content is c.empty().'],
    ['a value', { a: 1 }, 'an object (Object): neither a Reply nor a Response. Values are returned as c.json(…).'],
    ['a list', [1], 'an array: neither a Reply nor a Response. Values are returned as c.json(…).'],
    ['text', 'x', 'a string: neither a Reply nor a Response. Text is returned as c.text(…) or c.html(…).'],
    ['a status', 404, '404: neither a Reply nor a Response. A status alone is returned as c.empty(…)'],
    ['a flag', true, 'true: neither'],
    ['a function', () => {}, 'Was it meant to be called?'],
    ['an error', new Error('x'), 'An error is thrown, not returned.'],
    ['bytes', Buffer.from('x'), 'Bytes are returned as new Reply(…).'],
    ['a stream', Readable.from(['x']), 'A stream is returned as c.stream(…).'],
    [
      'the response of another framework',
      { statusCode: 200, setHeader() {} },
      'behind connect of @spillway/middleware',
    ],
  ])('%s', async (_, value, said) => {
    expect(
      (
        await ask(
          'HTTP/1.1',
          asHandler(() => value),
        )
      ).status,
    ).toBe(500)
    expect(
      (
        await ask(
          'HTTP/1.1',
          asHandler(async () => value),
        )
      ).status,
    ).toBe(500)
    const told = errors.calls.map((call) => call.map((part) => (part as Error).message ?? part).join(' '))
    expect(told).toHaveLength(2)
    for (const line of told) expect(line).toContain(said)
  })
})
