import { once } from 'node:events'
import { type RequestListener, createServer, get as httpGet } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, type Handler, HttpError, type Outcome, Reply } from '@spillway/core'
import { toNodeListener } from '@spillway/middleware/connect'
import { router } from '@spillway/middleware/router'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { comesToRest } from './rest.ts'

const require = createRequire(import.meta.url)

/** A server of Node's for one test; gives its URL. */
async function nodeServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const serveNode = (handler: Handler, options = {}): Promise<string> => nodeServer(toNodeListener(handler, options))

describe('in node:http', () => {
  test('the context is the same', async () => {
    const url = await serveNode((c) => {
      const { method, target, path, search, httpVersion, base } = c
      const { address, secure } = c.peer
      return c.json({ method, target, path, search, httpVersion, base, address, secure, a: c.headers.getAll('X-A') })
    })
    const response = await fetch(`${url}/a%20b?x=1`, { headers: { 'x-a': '1' } })
    expect(await response.json()).toEqual({
      method: 'GET',
      target: '/a%20b?x=1',
      path: '/a%20b',
      search: '?x=1',
      httpVersion: '1.1',
      base: '',
      address: '127.0.0.1',
      secure: false,
      a: ['1'],
    })
    expect((await fetch(await serveNode((c) => c.text(c.request.url)))).status).toBe(200)
  })

  test('a router, with everything it answers on its own', async () => {
    const url = await serveNode(
      router()
        .get('/x/:id', (c) => c.text(c.params.id))
        .post('/x', async (c) => c.json(await c.body.json())),
    )
    expect(await (await fetch(`${url}/x/7`)).text()).toBe('7')
    expect((await fetch(`${url}/x`, { method: 'DELETE' })).headers.get('allow')).toBe('POST, OPTIONS')
    expect(await (await fetch(`${url}/x`, { method: 'POST', body: '[1]' })).json()).toEqual([1])
    expect((await fetch(`${url}/x`, { method: 'POST', body: '[' })).status).toBe(400)
    const head = await fetch(`${url}/x/77`, { method: 'HEAD' })
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['2', ''])
  })

  test('streams content both ways, with limits', async () => {
    const url = await serveNode((c) => c.stream(c.body.stream()), { limits: { bodyBytes: 2_000_000 } })
    const post = (size: number): Promise<Response> => fetch(url, { method: 'POST', body: 'x'.repeat(size) })
    expect((await (await post(1_500_000)).text()).length).toBe(1_500_000)
    const chunked = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const piece of 'abc') controller.enqueue(new TextEncoder().encode(piece))
        controller.close()
      },
    })
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: chunked, duplex: 'half' }
    expect(await (await fetch(url, init)).text()).toBe('abc')
    const large = await serveNode(async (c) => c.text(await c.body.text()), { limits: { bodyBytes: 10 } })
    expect((await fetch(large, { method: 'POST', body: 'x'.repeat(11) })).status).toBe(413)
  })

  test('cookies, statuses, errors', async () => {
    const onError = vi.fn<() => void>()
    const url = await serveNode(
      (c) => {
        if (c.path === '/tea') throw new HttpError(418, 'tea')
        if (c.path === '/status') return new Reply('x', 99)
        if (c.path === '/empty') return c.empty()
        if (c.path === '/native') return Response.json({ native: true })
        if (c.path === '/error') return Promise.reject(new Error('secret'))
        const reply = c.text('x')
        reply.headers.append('Set-Cookie', 'a=1').append('Set-Cookie', 'b=2')
        return reply
      },
      { onError },
    )
    expect((await fetch(url)).headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    for (const [path, status, text] of [
      ['/tea', 418, 'tea\n'],
      ['/status', 500, 'Internal Server Error\n'],
      ['/error', 500, 'Internal Server Error\n'],
      ['/empty', 204, ''],
      ['/native', 200, '{"native":true}'],
    ] as const) {
      const response = await fetch(url + path)
      expect([path, response.status, await response.text()]).toEqual([path, status, text])
    }
    expect(onError).toHaveBeenCalledTimes(3)
  })

  test('hints are sent', async () => {
    const url = await serveNode((c) => {
      c.hints({ Link: '</a.css>; rel=preload; as=style' })
      return c.text('x')
    })
    const request = httpGet(url)
    const [info] = (await once(request, 'information')) as [{ statusCode: number; headers: Record<string, string> }]
    expect([info.statusCode, info.headers['link']]).toEqual([103, '</a.css>; rel=preload; as=style'])
    request.destroy()
  })
})

const watch = (seen: unknown[], c: Context): void => {
  c.done((outcome: Outcome) => seen.push(outcome.kind))
  c.signal.addEventListener('abort', () => seen.push('abort'))
}

describe('how it ends in node:http', () => {
  test('sent means sent', async () => {
    const seen: unknown[] = []
    const url = await serveNode((c) => {
      watch(seen, c)
      return c.path === '/stream' ? c.stream(numbers(3)) : c.text('x')
    })
    await (await fetch(url)).text()
    expect(await (await fetch(`${url}/stream`)).text()).toBe('012')
    await vi.waitFor(() => expect(seen).toEqual(['sent', 'sent']))
  })

  test('a client that does not read slows the source; when it leaves the source ends', async () => {
    const seen: unknown[] = []
    let made = 0
    const url = await serveNode((c) => {
      watch(seen, c)
      return c.stream(
        (async function* () {
          try {
            for (;;) {
              made++
              yield new Uint8Array(64 * 1024)
            }
          } finally {
            seen.push('source')
          }
        })(),
      )
    })
    const request = httpGet(url)
    const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream]
    response.pause()
    await comesToRest(() => made)
    request.destroy()
    await vi.waitFor(() => expect(new Set(seen)).toEqual(new Set(['abort', 'aborted', 'source'])))
  }, 20_000)

  test('a source that waits is ended, too, and a handler that still thinks is told', async () => {
    const seen: unknown[] = []
    const reached: string[] = []
    const url = await serveNode((c) => {
      watch(seen, c)
      reached.push(c.path)
      if (c.path === '/think') return new Promise<Reply>(() => {})
      const source = new ReadableStream({ cancel: () => void seen.push('cancel') })
      return c.stream(source)
    })
    for (const path of ['/think', '/wait']) {
      const request = httpGet(url + path).on('error', () => {})
      await vi.waitFor(() => expect(reached).toContain(path))
      request.destroy()
    }
    await vi.waitFor(() => expect(seen.filter((x) => x === 'aborted')).toHaveLength(2))
    await vi.waitFor(() => expect(seen).toContain('cancel'))
  })

  test('a source that fails cuts the reply', async () => {
    const url = await serveNode(
      (c) =>
        c.stream(
          (async function* () {
            yield 'begun'
            await sleep(10)
            throw new Error('x')
          })(),
        ),
      { onError: () => {} },
    )
    await expect(fetch(url).then((response) => response.text())).rejects.toThrow('terminated')
  })
})

describe('in Express', () => {
  test('below a mount, beside its routes and behind its middleware', async () => {
    // it has no types here
    const express = require('express') as () => any
    const app = express()
    app.use('/api', toNodeListener(router().get('/users/:id', (c) => c.text(`${c.base} ${c.path} ${c.url.slice(-9)}`))))
    app.get('/own', (_: unknown, res: any) => res.send('own'))
    app.use(toNodeListener((c) => c.text(`rest ${c.path}`)))
    const url = await nodeServer(app)
    const get = async (path: string): Promise<string> => (await fetch(url + path)).text()
    expect(await get('/api/users/7?x')).toBe('/api /users/7 users/7?x')
    expect([await get('/own'), await get('/else?y')]).toEqual(['own', 'rest /else'])
  })

  test('what a router does not know goes on', async () => {
    const outcomes: unknown[] = []
    const express = require('express') as () => any
    const app = express()
    const layer = async (c: Context, next: () => Reply | Promise<Reply>): Promise<Reply> => {
      c.done((outcome) => outcomes.push(outcome.status))
      return next()
    }
    const ours = router()
      .use(layer)
      .get('/ours', (c) => c.text('ours'))
    app.use(toNodeListener(ours))
    app.get('/theirs', (_: unknown, res: any) => res.status(201).send('theirs'))
    app.use('/silent', toNodeListener(router().notFound((c) => c.text('nobody', 404))))
    const url = await nodeServer(app)
    const get = async (path: string): Promise<string> => (await fetch(url + path)).text()
    expect([await get('/ours'), await get('/theirs'), await get('/silent')]).toEqual(['ours', 'theirs', 'nobody'])
    expect(await get('/nowhere')).toContain('Cannot GET /nowhere')
    await vi.waitFor(() => expect(outcomes).toEqual([200, 201, 404, 404]))
    // With nobody to go on to, it answers.
    expect((await fetch(`${await nodeServer(toNodeListener(ours))}/theirs`)).status).toBe(404)
  })
})

async function* numbers(count: number): AsyncGenerator<string> {
  for (let i = 0; i < count; i++) yield `${i}`
}
