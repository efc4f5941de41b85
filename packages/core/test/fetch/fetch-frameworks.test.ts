import { H3, readBody } from 'h3'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { AutoRouter, type IRequest } from 'itty-router'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Server, serve } from '../../src/index.ts'
import { type FetchApp, type FetchInfo, fromFetch } from '../../src/web.ts'

const hono = new Hono<{ Bindings: FetchInfo }>()
  .get('/hello/:name', (c) => c.json({ hello: c.req.param('name'), from: c.env.remoteAddr.hostname }))
  .post('/echo', async (c) => c.text(await c.req.text(), 201))
  .get('/cookies', (c) => {
    c.header('Set-Cookie', 'a=1', { append: true })
    c.header('Set-Cookie', 'b=2', { append: true })
    return c.text('x')
  })
  .get('/events', (c) =>
    streamSSE(c, async (stream) => {
      for (const id of ['1', '2']) await stream.writeSSE({ data: 'tick', id })
    }),
  )
  .get('/fail', () => {
    throw new Error('x')
  })
hono.onError((error, c) => c.text(`sorry: ${error.message}`, 500))

const h3 = new H3()
  .get('/hello/:name', (event) => ({ hello: event.context.params!['name'], from: '127.0.0.1' }))
  .post('/echo', async (event) => new Response(JSON.stringify(await readBody(event)), { status: 201 }))
  .get('/cookies', (event) => {
    event.res.headers.append('set-cookie', 'a=1')
    event.res.headers.append('set-cookie', 'b=2')
    return 'x'
  })
  .get('/events', () => new Response('id: 1\n\nid: 2\n\n', { headers: { 'content-type': 'text/event-stream' } }))
  .get('/fail', () => new Response('sorry: x', { status: 500 }))

const itty = AutoRouter()
  .get('/hello/:name', ({ name }: IRequest, info: FetchInfo) => ({ hello: name, from: info.remoteAddr.hostname }))
  .post('/echo', (request: IRequest) => request.text().then((text: string) => new Response(text, { status: 201 })))
  .get('/cookies', () => {
    const response = new Response('x')
    response.headers.append('set-cookie', 'a=1')
    response.headers.append('set-cookie', 'b=2')
    return response
  })
  .get('/events', () => new Response('id: 1\n\nid: 2\n\n', { headers: { 'content-type': 'text/event-stream' } }))
  .get('/fail', () => new Response('sorry: x', { status: 500 }))

const frameworks: [string, FetchApp][] = [
  ['Hono', (request, info) => hono.fetch(request, info)],
  ['h3', (request) => h3.fetch(request)],
  ['itty-router', (request, info) => itty.fetch(request, info) as Promise<Response>],
]

describe.each(frameworks)('%s runs unchanged on core', (_, app) => {
  let server: Server
  beforeAll(async () => {
    server = await serve(fromFetch(app), { port: 0 })
  })
  afterAll(() => server.close({ deadline: 0 }))

  it('answers with parameters and JSON', async () => {
    const response = await fetch(`${server.url}/hello/w%20orld`)
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    const { hello, from } = (await response.json()) as { hello: string; from: string }
    expect([decodeURIComponent(hello), from]).toEqual(['w orld', '127.0.0.1'])
  })

  it('reads content', async () => {
    const response = await fetch(`${server.url}/echo`, { method: 'POST', body: '{"a":1}' })
    expect([response.status, await response.text()]).toEqual([201, '{"a":1}'])
  })

  it('reads content that is streamed', async () => {
    const pieces = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of ['{"a":', '1}']) controller.enqueue(new TextEncoder().encode(piece))
        controller.close()
      },
    })
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: pieces, duplex: 'half' }
    expect(await (await fetch(`${server.url}/echo`, init)).text()).toBe('{"a":1}')
  })

  it('keeps cookies apart, and answers HEAD as GET', async () => {
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(`${server.url}/cookies`, { method })
      if (method === 'HEAD' && response.status === 404) continue // itty-router has no HEAD
      expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
      expect(await response.text()).toBe(method === 'GET' ? 'x' : '')
    }
  })

  it('streams, fails and does not know', async () => {
    expect(await (await fetch(`${server.url}/events`)).text()).toMatch(/id: 1\n[^]*id: 2\n/)
    const failed = await fetch(`${server.url}/fail`)
    expect([failed.status, await failed.text()]).toEqual([500, 'sorry: x'])
    expect((await fetch(`${server.url}/none`)).status).toBe(404)
  })
})
