// Content that is not what the handler reads it as: the fault of the client, also where the handler reads it as fetch does.
import { describe, expect, it } from 'vitest'
import { type Context, type Handler } from '../../src/index.ts'
import { fromFetch, toFetch } from '../../src/web.ts'
import { ask, protocols } from '../both-protocols.ts'
import { muteErrors } from '../support.ts'

const errors = muteErrors()

const reads =
  (read: (c: Context) => Promise<unknown>): Handler =>
  async (c) => {
    await read(c)
    return c.text('read')
  }

/** What a mounted application is given. */
const mounted: Handler = (c) => {
  c.base = '/api'
  return fromFetch(async (request) => Response.json(await request.json()))(c)
}

const jsonReaders: readonly (readonly [string, Handler])[] = [
  ['c.body.json', reads((c) => c.body.json())],
  ['c.request.json', reads((c) => c.request.json())],
  ['the json of a clone', reads((c) => c.request.clone().json())],
  ['a mounted fetch application', mounted],
]

const type = (value: string): readonly [string, string] => ['content-type', value]
const form = type('multipart/form-data; boundary=x')
const part = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb'
const readsForm = reads((c) => c.request.formData())

const withContent = (body: string): Request => new Request('http://a/', { method: 'POST', body, headers: [[...form]] })

describe.each(protocols)('malformed content over %s', (protocol) => {
  describe.each(jsonReaders)('read with %s', (_, handler) => {
    it.each([[[]], [['{']], [['{"a"', ':1}x']]])('is a 400, and not printed: %j', async (pieces) => {
      const { status, body } = await ask(protocol, handler, { method: 'POST', pieces })
      expect([status, body]).toEqual([400, 'The request content is not valid JSON\n'])
      expect(errors.calls).toEqual([])
    })

    it('has the code of an answer', async () => {
      const seen: unknown[] = []
      await ask(protocol, handler, { method: 'POST', pieces: ['{'], onError: (error) => void seen.push(error) })
      expect(seen).toEqual([expect.objectContaining({ status: 400, code: 'JSON_INVALID', expose: true })])
      expect((seen[0] as Error).cause).toBeInstanceOf(SyntaxError)
    })
  })

  it('is still the error that fetch knows', async () => {
    const seen: unknown[] = []
    const handler = reads((c) => c.request.json().catch((error: unknown) => seen.push(error)))
    expect((await ask(protocol, handler, { method: 'POST', pieces: ['{'] })).status).toBe(200)
    expect(seen[0]).toBeInstanceOf(SyntaxError)
  })

  it.each([
    ['without content', []],
    ['cut in a part', [part]],
    ['without its boundary', ['none']],
  ])('is a 400 of a form %s', async (_, pieces) => {
    const seen: unknown[] = []
    const onError = (error: unknown): void => void seen.push(error)
    const { status } = await ask(protocol, readsForm, { method: 'POST', fields: [form], pieces, onError })
    expect(status).toBe(400)
    expect(seen).toEqual([expect.objectContaining({ code: 'MULTIPART_INVALID' })])
    expect(seen[0]).toBeInstanceOf(TypeError)
  })

  it('is none when the form is complete', async () => {
    const asked = { method: 'POST', fields: [form], pieces: [part, '\r\n--x--\r\n'] }
    expect(await ask(protocol, readsForm, asked)).toMatchObject({ status: 200, body: 'read' })
  })

  it.each([[[type('application/json')]], [[]]])('is a 415 when the type is not that of a form: %j', async (fields) => {
    const { status, fields: got } = await ask(protocol, readsForm, { method: 'POST', fields, pieces: ['a=b'] })
    expect(status).toBe(415)
    expect(got.get('accept')).toBe('multipart/form-data, application/x-www-form-urlencoded')
  })

  it.each([
    ['json', reads((c) => c.request.json())],
    ['formData', readsForm],
  ])('that is too large is still a 413: %s', async (_, handler) => {
    const limits = { bodyBytes: 3 }
    const { status } = await ask(protocol, handler, { method: 'POST', fields: [form], pieces: ['four'], limits })
    expect(status).toBe(413)
  })

  // What the client sent is well-formed here, or not what failed.
  it.each([
    ['parses text of its own', reads(async () => JSON.parse('{'))],
    ['parses a response of its own', reads(() => new Response('{').json())],
    [
      'reads a request of its own as a form',
      reads(() => new Request('http://a/', { method: 'POST', body: '' }).formData()),
    ],
    ['reads JSON twice', reads((c) => c.request.json().then(() => c.request.json()))],
    ['reads a form after the text', reads((c) => c.request.text().then(() => c.request.formData()))],
    [
      'reads a form of which somebody else is a reader',
      reads((c) => (c.request.body!.getReader(), c.request.formData())),
    ],
  ])('is not what fails when the handler %s: 500', async (_, handler) => {
    const { status } = await ask(protocol, handler, { method: 'POST', fields: [type('text/plain')], pieces: ['1'] })
    expect(status).toBe(500)
    expect(errors.calls).toHaveLength(1)
  })
})

describe('malformed content behind another server', () => {
  it.each(['', '{'])('is a 400: %j', async (content) => {
    expect((await toFetch(reads((c) => c.request.json()))(withContent(content))).status).toBe(400)
    expect((await toFetch(readsForm)(withContent(content))).status).toBe(400)
  })

  it('is a 400 of a request without content, of a class of its own', async () => {
    class Own extends Request {
      readonly own = 'kept'
      get more(): string {
        return `${this.own} too`
      }
    }
    const seen: unknown[] = []
    const app = toFetch(
      reads((c) => {
        const own = c.request as Own
        seen.push(own === c.request, own instanceof Own, own.more)
        return own.json()
      }),
    )
    expect((await app(new Own('http://a/', { method: 'POST' }))).status).toBe(400)
    expect(seen).toEqual([true, true, 'kept too'])
  })
  it('is a 400 of a form for which the runtime has no TypeError', async () => {
    class Own extends Request {}
    Object.assign(Own.prototype, { formData: () => Promise.reject(new Error('missing final boundary')) })
    expect((await toFetch(readsForm)(new Own('http://a/', { method: 'POST', headers: [[...form]] }))).status).toBe(400)
  })
})
