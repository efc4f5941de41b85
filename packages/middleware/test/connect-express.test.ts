import { createRequire } from 'node:module'
import { testServer } from '@spillway/core/testing'
import { type ConnectMiddleware, connect } from '@spillway/middleware/connect'
import { fromNodeListener } from '@spillway/middleware/node'
import { router } from '@spillway/middleware/router'
import { describe, expect, test, vi } from 'vitest'
import { send, start } from './server.ts'

// It has no types here.
const express: any = createRequire(import.meta.url)('express')

function application(): any {
  const app = express()
  app.use(express.json())
  app.get('/json', (req: any, res: any) => res.json({ query: req.query, base: req.baseUrl, from: req.originalUrl }))
  app.post('/echo', (req: any, res: any) => res.status(201).set('X-A', ['1', '2']).send(req.body))
  app.get('/fails', () => {
    throw new Error('in Express')
  })
  app.get('/later', async () => Promise.reject(new Error('in Express')))
  app.get('/redirect', (_req: any, res: any) => res.redirect('/json'))
  app.get('/cookie', (_req: any, res: any) => res.cookie('a', 'b').end())
  app.get('/stream', (_req: any, res: any) => {
    res.write('a')
    setTimeout(() => res.end('b'), 5)
  })
  const inner = express()
  inner.get('/x', (req: any, res: any) => res.send(`inner ${req.baseUrl} ${req.url}`))
  app.use('/mounted', inner)
  return app
}

describe.each<[string, (app: any) => any]>([
  [
    'connect',
    (app) =>
      router()
        .use(connect(app))
        .get('/ours', (c) => c.text('ours')),
  ],
  ['fromNodeListener', (app) => fromNodeListener(app)],
])('an application of Express behind %s', (name, behind) => {
  test('answers as it does everywhere', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    const server = await start(behind(application()))
    const get = async (path: string, init?: RequestInit): Promise<[number, string]> => {
      const response = await fetch(server.url + path, { redirect: 'manual', ...init })
      return [response.status, await response.text()]
    }
    expect(await get('/json?a=1')).toEqual([200, JSON.stringify({ query: { a: '1' }, base: '', from: '/json?a=1' })])
    const body = '{"a":1}'
    expect(await get('/echo', { method: 'POST', body, headers: { 'content-type': 'application/json' } })).toEqual([
      201,
      body,
    ])
    expect(
      (await get('/echo', { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }))[0],
    ).toBe(400)
    expect((await get('/fails'))[0]).toBe(500)
    expect((await get('/later'))[0]).toBe(500)
    expect(await get('/redirect')).toEqual([302, 'Found. Redirecting to /json'])
    expect(await get('/stream')).toEqual([200, 'ab'])
    expect(await get('/mounted/x')).toEqual([200, 'inner /mounted /x'])
    const head = await send(server, 'HEAD', '/json')
    expect([head.status, Number(head.headers.get('content-length')) > 0]).toEqual([200, true])
    expect((await get('/nobody'))[0]).toBe(404)
    const [ours] = await get('/ours')
    expect(ours).toBe(name === 'connect' ? 200 : 404)
    print.mockRestore()
  })

  test('without a socket, too', async () => {
    const server = testServer(behind(application()))
    const client = server.connect()
    client.send('GET /stream HTTP/1.1\r\nHost: a\r\n\r\n')
    await vi.waitFor(() => expect(client.received).toMatch(/0\r\n\r\n$/))
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\nX-Powered-By: Express\r\n/)
  })
})

test('below a mount of ours it sees what is left of the path, and its own middleware is ours', async () => {
  const seen: string[] = []
  const note: ConnectMiddleware = (req, _res, next) => {
    seen.push(req.url)
    next()
  }
  const app = router()
    .use(connect(note))
    .mount('/old', router().use(connect(application())))
  const server = await start(app)
  const { content } = await send(server, 'GET', '/old/json?a')
  expect(content.toString()).toBe(JSON.stringify({ query: { a: '' }, base: '/old', from: '/old/json?a' }))
  expect(seen).toEqual(['/old/json?a'])
})

test('what listens to requests of node:http alone is no application of ours', () => {
  expect(() => fromNodeListener('x' as never)).toThrow(TypeError)
})
