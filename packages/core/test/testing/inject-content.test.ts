import { describe, expect, it } from 'vitest'
import { inject } from '../../src/testing.ts'
import { type Handler, HttpError } from '../../src/index.ts'

const echo: Handler = async (c) =>
  c.json({ type: c.headers.get('content-type'), length: c.headers.get('content-length'), text: await c.body.text() })

const namesIn: Handler = async (c) => c.json([...(await c.request.formData()).keys()])

const slow: Handler = (c) => new Promise((resolve) => setTimeout(() => resolve(c.text('a')), 20))

const busy = (): never => {
  throw new HttpError(429, 'busy')
}

describe('inject: content', () => {
  it('a value as JSON', async () => {
    const reply = await inject(echo, '/', { json: { a: [1] } })
    expect(await reply.json()).toEqual({ type: 'application/json', length: '9', text: '{"a":[1]}' })
  })

  it('with a type of its own', async () => {
    const reply = await inject(echo, '/', { json: 1, headers: { 'Content-Type': 'application/x+json' } })
    expect(await reply.json()).toMatchObject({ type: 'application/x+json', text: '1' })
  })

  it('forms', async () => {
    const query = await inject(echo, '/', { body: new URLSearchParams({ a: 'b c' }) })
    expect(await query.json()).toMatchObject({ type: expect.stringMatching(/urlencoded/), text: 'a=b+c' })
    const form = new FormData()
    form.append('a', 'b')
    form.append('file', new Blob(['xyz'], { type: 'text/x' }), 'name.txt')
    expect(await (await inject(namesIn, '/', { body: form })).json()).toEqual(['a', 'file'])
  })

  it('a Blob, with its type', async () => {
    const reply = await inject(echo, '/', { body: new Blob(['x'], { type: 'text/x' }) })
    expect(await reply.json()).toMatchObject({ type: 'text/x', length: '1' })
  })

  it.each([{ a: 1 }, 7, [1]])('a value in place of text is refused, and how it is sent is said: %j', async (body) => {
    await expect(inject(echo, '/', { body: body as never })).rejects.toThrow(/`json`/)
  })

  it('both are refused', async () => {
    await expect(inject(echo, '/', { body: 'x', json: 1 })).rejects.toThrow(TypeError)
  })

  it('much of it, both ways', async () => {
    const body = new Uint8Array(16 * 1024 * 1024).fill(97)
    const options = { limits: { bodyBytes: body.length } }
    const reply = await inject(async (c) => c.stream(c.body.stream()), '/', { body }, options)
    expect((await reply.arrayBuffer()).byteLength).toBe(body.length)
  })
})

describe('inject: time', () => {
  it('a handler that never answers is ended by timeouts.request', async () => {
    const reply = await inject(() => new Promise(() => {}), '/', {}, { timeouts: { request: 40 } })
    expect(reply.status).toBe(503)
  })

  it('one that answers in time is not', async () => {
    expect((await inject(slow, '/', {}, { timeouts: { request: 5000 } })).status).toBe(200)
  })

  it('what is thrown on purpose is its answer', async () => {
    expect((await inject(busy, '/')).status).toBe(429)
  })
})
