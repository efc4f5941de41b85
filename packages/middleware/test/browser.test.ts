import { compression } from '@spillway/middleware/compression'
import { cookies } from '@spillway/middleware/cookies'
import { cors } from '@spillway/middleware/cors'
import { csrf } from '@spillway/middleware/csrf'
import { multipart } from '@spillway/middleware/multipart'
import { router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'
import { sessions } from '@spillway/middleware/sessions'
import { sse } from '@spillway/middleware/sse'
import { websocket } from '@spillway/middleware/websocket'
import { type Handler, serve } from '@spillway/core'
import type { Browser, Page } from 'playwright-core'
import { withTools } from '@spillway/vitest-config/tools'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { makeAuthority, openssl } from '../../core/test/certificates.ts'
import { start } from './server.ts'

let browser: Browser

/** The application's page at `http://localhost`, which browsers trust like https. */
async function open(app: Handler): Promise<{ page: Page; url: string; stop: () => Promise<unknown> }> {
  const server = await start(app)
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const url = `http://localhost:${server.port}`
  await page.goto(url)
  return { page, url, stop: () => server.close({ deadline: 20_000 }) }
}

/** As {@link open}, over TLS and HTTP/2, with a certificate that the browser is told to take. */
async function openSecure(app: Handler): Promise<Page> {
  const authority = makeAuthority()
  onTestFinished(() => authority.remove())
  const { cert, key } = authority.issue('localhost', ['localhost'])
  const server = await serve(app, { port: 0, host: '127.0.0.1', tls: { cert, key }, http2: true })
  onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  await page.goto(`https://localhost:${server.port}`)
  return page
}

/** Runs a script in the page. It is text, as the types of a page are not those of a server. */
const run = (page: Page, script: string): Promise<unknown> => page.evaluate(`(async () => {${script}})()`)

const blank = (c: { html(text: string): ReturnType<Handler> }): ReturnType<Handler> => c.html('<title>page</title>')

withTools(chromium)('a browser', { timeout: 30_000 }, () => {
  beforeAll(async () => {
    browser = await launchChromium()
  }, 60_000)

  afterAll(() => browser?.close())

  test('speaks WebSocket, compressed, and hears of shutdown', async () => {
    const app = router()
      .get('/', blank)
      .get(
        '/echo',
        websocket(() => ({ message: (ws, data) => ws.send(data) }), { protocols: ['echo'], deflate: true }),
      )
    const { page, stop } = await open(app)
    const seen = await run(
      page,
      `const socket = new WebSocket('ws://' + location.host + '/echo', ['other', 'echo'])
      const heard = (name) => new Promise((done) => socket.addEventListener(name, done, { once: true }))
      window.ended = heard('close').then((event) => [event.code, event.reason])
      await heard('open')
      const answer = heard('message')
      socket.send('ö '.repeat(2000))
      return [socket.protocol, socket.extensions, (await answer).data]`,
    )
    expect(seen).toEqual(['echo', expect.stringContaining('permessage-deflate'), 'ö '.repeat(2000)])
    const stopped = stop()
    expect(await run(page, 'return ended')).toEqual([1001, 'The server is shutting down'])
    expect(await stopped).toMatchObject({ killed: 0 })
  })

  test('cannot open a WebSocket from another origin', async () => {
    let asked = 0
    const victim = await start(
      websocket(() => {
        asked++
        return {}
      }),
    )
    const { page } = await open(router().get('/', blank))
    const result = await run(
      page,
      `const socket = new WebSocket('ws://localhost:${victim.port}/')
      return new Promise((done) => {
        for (const name of ['open', 'error']) socket.addEventListener(name, () => done(name))
      })`,
    )
    expect([result, asked]).toEqual(['error', 0])
  })

  test('hears events, and comes back with the last id when the server shut its stream', async () => {
    const seen: (string | undefined)[] = []
    const app = router()
      .get('/', blank)
      .get('/events', (c) =>
        sse(c, async (stream) => {
          seen.push(stream.lastEventId)
          await stream.send({ event: 'note', id: `nö ${seen.length}`, retry: 50, data: { text: 'a\r\nb' } })
          await stream.send({ data: 'one\rtwo\nthree' })
          if (seen.length > 1) await stream.closed
        }),
      )
    const { page } = await open(app)
    const events = await run(
      page,
      `const source = new EventSource('/events')
      const heard = []
      source.addEventListener('note', (event) => heard.push([event.data, event.lastEventId]))
      source.addEventListener('message', (event) => heard.push(event.data))
      while (heard.length < 4) await new Promise((done) => setTimeout(done, 20))
      source.close()
      return heard`,
    )
    const text = JSON.stringify({ text: 'a\r\nb' })
    expect(events).toEqual([[text, 'nö 1'], 'one\ntwo\nthree', [text, 'nö 2'], 'one\ntwo\nthree'])
    expect(seen).toEqual([undefined, 'nö 1'])
  })

  test('ends the stream when the page is left', async () => {
    let streams = 0
    const app = router()
      .get('/', blank)
      .get('/events', (c) =>
        sse(c, async (stream) => {
          streams++
          await stream.send({ data: 'x' })
          await stream.closed
          streams--
        }),
      )
    const { page } = await open(app)
    await run(page, `await new Promise((done) => new EventSource('/events').addEventListener('message', done))`)
    expect(streams).toBe(1)
    await page.goto('about:blank')
    await vi.waitFor(() => expect(streams).toBe(0))
  })

  test('keeps cookies by their attributes', async () => {
    const app = router()
      .use(cookies())
      .get('/', (c) => {
        const jar = c.state.cookies
        jar.set('__Host-own', 'ö;,', {})
        jar.set('__Secure-a', '1', { path: '/deep' })
        jar.set('seen', '1', { httpOnly: false, sameSite: 'strict' })
        jar.set('short', '1', { maxAge: 0 })
        return blank(c)
      })
      .get('/read', (c) =>
        c.json(['__Host-own', '__Secure-a', 'seen', 'short'].map((n) => c.state.cookies.get(n) ?? null)),
      )
      .get('/deep/read', (c) => c.json(c.state.cookies.get('__Secure-a') ?? null))
      .get('/clear', (c) => {
        c.state.cookies.delete('__Host-own')
        c.state.cookies.delete('seen', { httpOnly: false })
        return c.empty()
      })
    const { page } = await open(app)
    const read = (path: string): Promise<unknown> => page.evaluate(async (at) => (await fetch(at)).json(), path)
    expect(await read('/read')).toEqual(['ö;,', null, '1', null])
    expect(await read('/deep/read')).toBe('1')
    expect(await run(page, 'return document.cookie')).toBe('seen=1')
    await run(page, `await fetch('/clear')`)
    expect(await read('/read')).toEqual([null, null, null, null])
  })

  test('keeps a session, and another site cannot use it', async () => {
    const app = router()
      .use(sessions<{ user: string }>({ secrets: 'the secret of today, 32 bytes or more' }))
      .use(csrf())
      .get('/', (c) => {
        c.state.session.data.user = 'ali'
        return blank(c)
      })
      .post('/', (c) => c.text(`paid by ${c.state.session.data.user}`))
    const { page, url } = await open(app)
    expect(await page.evaluate(async () => (await fetch('/', { method: 'POST' })).text())).toBe('paid by ali')
    // 127.0.0.1 is another site than localhost, for which the cookie is.
    const evil = await start((c) => c.html(`<form method=post action="${url}/"><button>Win!</button></form>`))
    await page.goto(evil.url)
    const [response] = await Promise.all([page.waitForResponse(`${url}/`), page.click('button')])
    expect(response.status()).toBe(403)
    expect(await response.request().headerValue('cookie')).toBe(null)
  })

  test('lets a listed origin read, with credentials, and errors too; and no other', async () => {
    const here = await open(router().get('/', blank))
    const api = router()
      .use(cors({ origins: [here.url], credentials: true, exposeHeaders: ['X-Total'] }))
      .put('/', (c) => c.json({ done: true }, { headers: { 'X-Total': '3' } }))
      .get('/none', (c) => c.text('gone', 410))
    const { port } = await start(api)
    const call = (page: Page): Promise<unknown> =>
      page.evaluate(async (to) => {
        try {
          const headers = { 'content-type': 'application/json' }
          const put = await fetch(`http://localhost:${to}/`, { method: 'PUT', credentials: 'include', headers })
          return [await put.json(), put.headers.get('x-total'), (await fetch(`http://localhost:${to}/none`)).status]
        } catch (error) {
          return (error as Error).name
        }
      }, port)
    expect(await call(here.page)).toEqual([{ done: true }, '3', 410])
    const elsewhere = await open(router().get('/', blank))
    expect(await call(elsewhere.page)).toBe('TypeError')
  })

  withTools(openssl)('with openssl', () => {
    test('finds it all over HTTP/2, and opens WebSockets beside it', async () => {
      const app = router()
        .use(secureHeaders({ csp: false }), csrf(), compression(), cookies())
        .get('/', (c) => {
          c.state.cookies.set('__Host-seen', c.httpVersion)
          return blank(c)
        })
        .get('/seen', (c) => c.text(c.state.cookies.get('__Host-seen') ?? ''))
        .get('/long', (c) => c.text('x'.repeat(5000)))
        .get('/events', (c) => sse(c, (stream) => stream.send({ data: c.httpVersion })))
        .post('/upload', async (c) => {
          for await (const part of multipart(c)) if (part.kind === 'file') return c.json((await part.bytes()).length)
          return c.empty(400)
        })
        .get(
          '/echo',
          websocket((c) => ({ message: (ws, data) => ws.send(`${c.httpVersion} ${String(data)}`) })),
        )
      const page = await openSecure(app)
      const seen = await run(
        page,
        `const long = await fetch('/long')
      const form = new FormData()
      form.append('f', new Blob(['x'.repeat(100_000)]), 'f')
      const uploaded = await fetch('/upload', { method: 'POST', body: form })
      const source = new EventSource('/events')
      const event = await new Promise((done) => (source.onmessage = ({ data }) => done(data)))
      source.close()
      const socket = new WebSocket('wss://' + location.host + '/echo')
      await new Promise((done) => (socket.onopen = done))
      const answer = new Promise((done) => (socket.onmessage = ({ data }) => done(data)))
      socket.send('hi')
      return [
        await (await fetch('/seen')).text(), (await long.text()).length, long.headers.get('content-encoding'),
        long.headers.has('strict-transport-security'), await uploaded.json(), event, await answer,
      ]`,
      )
      expect(seen).toEqual(['2.0', 5000, expect.stringMatching(/^(?:br|zstd)$/), true, 100_000, '2.0', '2.0 hi'])
    })
  })

  test.skipIf(openssl.isMissing)('gets a hundred times 500 KiB at a time over HTTP/2', async () => {
    const half = new Uint8Array(500 * 1024)
    const app = router()
      .get('/', blank)
      .get('/half', (c) => c.stream(new Blob([half]).stream(), { headers: { 'X-Version': c.httpVersion } }))
    const page = await openSecure(app)
    const seen = await run(
      page,
      `const sizes = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
        const response = await fetch('/half?' + i)
        return response.headers.get('x-version') + ' ' + (await response.arrayBuffer()).byteLength
      }))
      return [sizes.length, [...new Set(sizes)]]`,
    )
    expect(seen).toEqual([100, [`2.0 ${half.length}`]])
  })

  test('runs scripts with the nonce, and no others', async () => {
    const app = router()
      .use(secureHeaders())
      .get('/', (c) =>
        c.html(
          `<script nonce="${c.state.nonce}">window.good = 1</script><script>window.bad = 1</script>` +
            `<img src=x onerror="window.bad = 1">`,
        ),
      )
    const { page } = await open(app)
    expect(await run(page, 'return [window.good, window.bad ?? 0]')).toEqual([1, 0])
  })
})
