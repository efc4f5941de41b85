import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { createServer } from 'node:net'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createServer as createOurs, serve } from '@spillway/core'
import type { Middleware } from '@spillway/middleware'
import { router } from '@spillway/middleware/router'
import { FIN, Opcode, maskedFrame } from '@spillway/parser/websocket'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import axe, { type AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { InspectorOptions } from '../src/index.ts'
import { readCapture } from '../src/model/captured.ts'
import type { Wire } from '../src/model.ts'
import { buildInspector } from './built.ts'
import { type Piece, conversation, packets, pcap } from './packets.ts'
import { type Started, endAll, start } from './started.ts'

let built: Awaited<ReturnType<typeof buildInspector>>

beforeAll(async () => {
  built = await buildInspector()
}, 120_000)
afterAll(() => built?.remove())
afterEach(() => endAll())

/** Asks for a page as a program would that has the link. */
async function withCookie(link: string): Promise<(path: string, init?: RequestInit) => Promise<Response>> {
  const first = await fetch(link, { redirect: 'manual' })
  const cookie = first.headers.get('set-cookie')!.split(';', 1)[0]!
  const base = new URL(first.headers.get('location')!, link)
  return (path, init = {}) => fetch(new URL(path, base), { ...init, headers: { cookie } })
}

const attached = (): Started =>
  start(['--import', `file://${join(built.folder, 'auto.mjs')}`, join(built.folder, 'program.mjs')])

/** Sends bytes and takes everything that comes back. */
async function raw(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  socket.write(bytes, 'latin1')
  await once(socket, 'close')
  return text
}

/** All bytes of one direction. */
function bytesOf({ segments }: Wire, way: 'in' | 'out'): string {
  return segments.map((segment) => Buffer.from(segment[way], 'base64').toString('latin1')).join('')
}

describe('beside a program that knows nothing of it', () => {
  it('tells what the program’s server has been asked, and sends it again', async () => {
    const { said } = attached()
    const [link, url] = [await said(/Inspector: (\S+)/), await said(/^(http:\S+)$/m)]
    await (await fetch(`${url}/json`)).text()
    await (await fetch(url, { method: 'POST', body: 'abc' })).text()
    await (await fetch(`${url}/packed`)).text()
    await (await fetch(url, { method: 'POST', body: Uint8Array.of(0xff) })).text()
    const ask = await withCookie(link)
    const har = (await (await ask('api/har')).json()) as {
      log: { entries: { request: object; response: { content: { text: string } } }[] }
    }
    expect(har.log.entries.map(({ request, response }) => [request, response.content.text])).toMatchObject([
      [{ method: 'GET', url: `${url}/json` }, '{"hello":"world"}'],
      [{ method: 'POST', postData: { text: 'abc' } }, 'got abc'],
      [{ method: 'GET', url: `${url}/packed` }, 'unpacked by the inspector'],
      [{ method: 'POST', postData: { text: '/w==', encoding: 'base64' } }, 'got \ufffd'],
    ])
    const again = await ask('api/send/GET', { method: 'POST', body: 'GET /json HTTP/1.1\r\nHost: a\r\n\r\n' })
    const { received, ended } = (await again.json()) as { received: string; ended: string }
    expect(Buffer.from(received, 'base64').toString()).toContain('{"hello":"world"}')
    expect(ended).toBe('complete')
  })

  it('tells requests of several connections in the order in which they came', async () => {
    const { said } = attached()
    const [link, url] = [await said(/Inspector: (\S+)/), await said(/^(http:\S+)$/m)]
    const sockets = [0, 1].map(() => connect(Number(new URL(url).port), '127.0.0.1'))
    for (let i = 0; i < 4; i++) {
      sockets[i % 2]!.write(`GET /json?${i} HTTP/1.1\r\nHost: a\r\n\r\n`)
      await once(sockets[i % 2]!, 'data')
    }
    for (const socket of sockets) socket.destroy()
    const ask = await withCookie(link)
    const { log } = (await (await ask('api/har')).json()) as { log: { entries: { request: { url: string } }[] } }
    expect(log.entries.map(({ request }) => new URL(request.url).search)).toEqual(['?0', '?1', '?2', '?3'])
  })

  it('tells what a client of HTTP/2 asked, with fields and content', async () => {
    const { said } = attached()
    const [link, url] = [await said(/Inspector: (\S+)/), await said(/^(http:\S+)$/m)]
    const session = connectHttp2(url)
    const ask2 = async (fields: Record<string, string>, content = ''): Promise<string> => {
      const stream = session.request(fields, { endStream: content === '' }).setEncoding('utf8')
      if (content !== '') stream.end(content)
      let text = ''
      for await (const part of stream) text += part
      return text
    }
    const both = [ask2({ ':path': '/json', a: 'b' }), ask2({ ':path': '/', ':method': 'POST' }, 'abc')]
    expect(await Promise.all(both)).toEqual(['{"hello":"world"}', 'got abc'])
    const ask = await withCookie(link)
    const { log } = (await (await ask('api/har')).json()) as { log: { entries: object[] } }
    session.close()
    expect(log.entries).toMatchObject([
      {
        request: { method: 'GET', url: `${url}/json`, headers: [{ name: 'host' }, { name: 'a', value: 'b' }] },
        response: { status: 200, content: { text: '{"hello":"world"}' } },
      },
      { request: { method: 'POST', postData: { text: 'abc' } }, response: { content: { text: 'got abc' } } },
    ])
  })

  it('has what it saves as pcapng when that is read again', async () => {
    const { said } = attached()
    const [link, url] = [await said(/Inspector: (\S+)/), await said(/^(http:\S+)$/m)]
    await raw(url, 'GET /json HTTP/1.1\r\nHost: a\r\n\r\nGET /packed HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await raw(
      url,
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n0\r\n\r\n',
    )
    await raw(url, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
    const session = connectHttp2(url)
    await Promise.all(['/json', '/other'].map((path) => once(session.request({ ':path': path }).resume(), 'end')))
    session.close()
    await once(session, 'close')
    const ask = await withCookie(link)
    const recording = readCapture(Buffer.from(await (await ask('api/pcapng')).arrayBuffer()))
    const connections = recording.state.closed
    expect(
      connections.map(({ exchanges, close }) => [close?.reason, exchanges.map((one) => [one.target, one.status])]),
    ).toEqual([
      [
        'client-asked',
        [
          ['/json', 200],
          ['/packed', 200],
        ],
      ],
      ['client-asked', [['/', 200]]],
      ['parse-error', [['/', 400]]],
      [
        expect.any(String),
        [
          ['/json', 200],
          ['/other', 200],
        ],
      ],
    ])
    expect(connections[2]!.error).toMatchObject({ code: 'HOST_REPEATED', offset: 31 })
    // And byte for byte what the server has kept itself.
    for (const { id } of connections) {
      const kept = (await (await ask(`api/wire/${id}`)).json()) as Wire
      for (const way of ['in', 'out'] as const) expect(bytesOf(recording.wire(id)!, way)).toBe(bytesOf(kept, way))
    }
  })

  it('lets the program end that it stands beside, though somebody watches', async () => {
    const { child, said } = attached()
    const [link, url] = [await said(/Inspector: (\S+)/), await said(/^(http:\S+)$/m)]
    const ask = await withCookie(link)
    const watched = await ask('events')
    const all = watched.text()
    const ended = once(child, 'exit')
    expect(await (await fetch(`${url}/end`)).text()).toBe('bye')
    expect(await all).toContain('event: snapshot')
    expect(await ended).toEqual([0, null])
  })

  it('does nothing in production, and lets the program run', async () => {
    const { said } = start(
      ['--import', `file://${join(built.folder, 'auto.mjs')}`, join(built.folder, 'program.mjs')],
      {
        NODE_ENV: 'production',
      },
    )
    expect(await said(/(no inspector in production)/)).toBeTruthy()
    expect(await (await fetch(await said(/^(http:\S+)$/m))).text()).toBe('hello')
  })
})

describe('in front of any server', () => {
  it('passes requests on and shows them', async () => {
    // A server that is as simple as can be, and not ours.
    const other = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nother'))
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = other.address() as { port: number }
      const { said, child } = start([join(built.folder, 'cli.mjs'), 'proxy', `http://127.0.0.1:${port}`])
      const url = await said(/Clients connect to +(\S+)/)
      expect(await (await fetch(`${url}/some`)).text()).toBe('other')
      const ask = await withCookie(await said(/inspector +(http\S+)/))
      expect(await (await ask('api/har')).text()).toContain('/some')
      child.kill('SIGTERM')
      const [code] = (await once(child, 'exit')) as [number]
      expect(code).toBe(0)
    } finally {
      other.close()
    }
  })

  it('says in one line why it cannot start, and ends', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = taken.address() as { port: number }
      const { child, said } = start([join(built.folder, 'cli.mjs'), 'proxy', 'http://a', '--inspector-port', `${port}`])
      expect(await said(/^(.*in use.*)$/m)).toBe(`spillway-inspect: Port ${port} is in use`)
      if (child.exitCode === null) await once(child, 'exit')
      expect(child.exitCode).toBe(1)
    } finally {
      taken.close()
    }
  })
})

/** Three pixels by two, as PNG. */
const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAEElEQVR4nGMQmLAAghjgLABHtAeBHe40WQAAAABJRU5ErkJggg=='

withTools(chromium)('the page', { timeout: 90_000 }, () => {
  let browser: Browser
  let page: Page
  let url: string
  let program: Started['child']
  const complaints: string[] = []

  beforeAll(async () => {
    browser = await launchChromium()
  }, 60_000)
  afterAll(() => browser?.close())

  async function open(): Promise<void> {
    const { said, child } = attached()
    program = child
    url = await said(/^(http:\S+)$/m)
    complaints.length = 0
    const context = await browser.newContext({ viewport: { width: 1440, height: 960 } })
    context.setDefaultTimeout(30_000)
    page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(await said(/Inspector: (\S+)/))
    await page.waitForSelector('#live[data-state=live]')
  }
  afterEach(async () => {
    await page?.context().close()
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  })
  const label = (text: string) => page.locator('#labels button', { hasText: text }).first()

  it('saves a connection as a page that needs nothing else', async () => {
    await open()
    await raw(url, 'GET / HTTP/1.1\r\nHost: a\r\nHost: <b>\r\n\r\n')
    await label('not valid HTTP').click()
    const downloading = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save as a page' }).click()
    const download = await downloading
    expect(download.suggestedFilename()).toMatch(/^connection-\d+\.html$/)
    const saved = await page.context().newPage()
    const asked: string[] = []
    saved.on('request', (request) => asked.push(new URL(request.url()).protocol))
    const file = join(built.folder, 'saved.html')
    await download.saveAs(file)
    await saved.goto(`file://${file}`)
    await saved.locator('main', { hasText: 'HOST_REPEATED at byte 31' }).waitFor()
    expect(await saved.locator('.t-wrong').first().textContent()).toBe('<')
    expect(await saved.locator('img').evaluate((image: any) => image.naturalWidth)).toBe(1760)
    expect(await saved.locator('button').count()).toBe(0)
    expect(new Set(asked)).toEqual(new Set(['file:']))
  })

  it('takes what other tools print for the bytes that they mean', async () => {
    await open()
    await page.goto(new URL('bytes.html', page.url()).href)
    await page.locator('#source').focus()
    const text = '00000000: 1603 0102 0001 0001 fc03 03              ...........'
    await page.evaluate(`
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', ${JSON.stringify(text)})
      const event = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
      document.querySelector('#source').dispatchEvent(event)
    `)
    await page.locator('#verdict', { hasText: 'someone speaks https to an http port' }).waitFor()
    expect(await page.locator('#shared').textContent()).toBe('Taken from a dump in hexadecimal')
  })

  it('says why a connection ended, which byte was wrong, and how many requests a connection carried', async () => {
    await open()
    await raw(url, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
    await label('not valid HTTP').click()
    await page.locator('#details', { hasText: 'HOST_REPEATED at byte 31' }).waitFor()
    expect(await page.locator('#details .t-wrong').first().textContent()).toBe('b')
    const two = 'GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    await raw(url, two)
    await label('as the client asked').click()
    await page.locator('#details', { hasText: 'The request said “Connection: close”.' }).waitFor()
    await page.locator('#details', { hasText: '2 requests' }).waitFor()
    // That address is no secret any more, and is not in the page's.
    expect(page.url()).not.toContain('token')
  })

  it('shows a request whole, its content decoded, and sends it again', async () => {
    await open()
    await (await fetch(`${url}/packed`)).text()
    await page.locator('#filter').fill('path:/packed')
    await page.locator('#labels button').first().click()
    await page.locator('#details [data-exchange]').first().click()
    await page.locator('#details .content', { hasText: 'unpacked by the inspector' }).waitFor()
    await page.locator('#details summary', { hasText: 'Send again' }).click()
    const text = page.locator('#details textarea')
    await text.fill((await text.inputValue()).replace('/packed', '/json'))
    await page.locator('#details button', { hasText: /^Send$/ }).click()
    await page.locator('#details', { hasText: '{"hello":"world"}' }).waitFor()
    expect(await page.locator('#details .verdict.bad').count()).toBe(0)
  })

  it('shows content as its type says, and what is broken as what it is', async () => {
    await open()
    const form = new FormData()
    form.set('title', 'A picture')
    form.set('file', new Blob([Buffer.from(picture, 'base64')], { type: 'image/png' }), 'a.png')
    await (await fetch(`${url}/form`, { method: 'POST', body: form })).text()
    for (const path of ['/events', '/broken-image', '/broken-gzip'])
      await (await fetch(url + path)).arrayBuffer().catch(() => {})
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.write(
      'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    )
    await once(socket, 'data')
    socket.write(maskedFrame(FIN | Opcode.Text, Buffer.from('hello'), 7))
    await once(socket, 'data')
    const show = async (path: string): Promise<void> => {
      await page.locator('#filter').fill(`path:${path}`)
      await page.locator('#labels button').first().click()
      await page.locator('#details [data-exchange]', { hasText: path }).first().click()
    }
    await show('/form')
    await page.locator('#details .content', { hasText: 'title' }).first().waitFor()
    await page.locator('#details canvas[aria-label="The image that was sent, 3 by 2 pixels"]').waitFor()
    await show('/events')
    await page.locator('#details .events li').nth(1).waitFor()
    expect(await page.locator('#details .events li').allTextContents()).toEqual([
      'said id 1{\n  "a": 1\n}',
      'messagehalf',
    ])
    await show('/broken-image')
    await page.locator('#details .content', { hasText: 'It is not an image that can be shown' }).waitFor()
    await show('/broken-gzip')
    await page.locator('#details .content', { hasText: 'cannot be decoded from gzip' }).waitFor()
    await show('/chat')
    await page.locator('#details .said li[data-from=server] code', { hasText: 'You said hello' }).waitFor()
    expect(await page.locator('#details .said li[data-from=client] code').first().textContent()).toBe('hello')
    socket.destroy()
  })

  it('opens a HAR, and offers all its messages', async () => {
    await open()
    await (await fetch(`${url}/json`)).text()
    const har = await page.evaluate<string>(`fetch('api/har').then((response) => response.text())`)
    await page.goto(new URL('bytes.html', page.url()).href)
    await page
      .locator('#file')
      .setInputFiles({ name: 'some.har', mimeType: 'application/json', buffer: Buffer.from(har) })
    await page.locator('#shared', { hasText: 'Taken from some.har, with 2 messages' }).waitFor()
    await page.locator('#samples').selectOption({ label: '200 for GET /json' })
    await page.locator('#messages', { hasText: 'HTTP/1.1 200' }).waitFor()
    await page
      .locator('#file')
      .setInputFiles({ name: 'raw', mimeType: '', buffer: Buffer.from('GET / HTTP/1.0\r\n\r\n') })
    await page.locator('#verdict', { hasText: 'valid' }).waitFor()
    expect(await page.locator('#source').inputValue()).toBe('GET / HTTP/1.0\n\n')
  })

  it('opens a capture or an archive that was saved, instead of the server', async () => {
    await open()
    await raw(url, 'GET /json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await raw(url, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
    await label('not valid HTTP').waitFor()
    const [har, pcapng] = await Promise.all(
      ['har', 'pcapng'].map(async (name) => {
        const bytes = await page.evaluate<number[]>(
          `fetch('api/${name}').then(async (one) => [...new Uint8Array(await one.arrayBuffer())])`,
        )
        return { name: `saved.${name}`, mimeType: '', buffer: Buffer.from(bytes) }
      }),
    )
    await page.locator('#file').setInputFiles({ name: 'text.txt', mimeType: '', buffer: Buffer.from('hello') })
    await page.locator('#opened', { hasText: 'text.txt is not a pcap, pcapng or HAR file' }).waitFor()
    await page.locator('#live[data-state=live]').waitFor()

    await page.locator('#file').setInputFiles(pcapng!)
    await page.locator('#opened', { hasText: 'saved.pcapng: 2 connections, 2 requests, from' }).waitFor()
    expect(await page.locator('#live').textContent()).toBe('A file')
    await label('as the client asked').click()
    await page.locator('#details', { hasText: 'The request said “Connection: close”.' }).waitFor()
    await page.locator('#details [data-exchange]', { hasText: 'GET /json' }).click()
    await page.locator('#details .content', { hasText: '"hello": "world"' }).waitFor()
    await label('not valid HTTP').click()
    await page.locator('#details', { hasText: 'HOST_REPEATED at byte 31' }).waitFor()
    expect(await page.locator('#details .t-wrong').first().textContent()).toBe('b')
    // What happens on the server meanwhile is not mixed into it.
    await (await fetch(`${url}/other`)).text()
    await page.locator('#filter').fill('path:/json')
    await page.waitForFunction(`document.querySelectorAll('#labels button').length === 1`)

    // Dropped, and in place of the file before it.
    await page.locator('#filter').fill('')
    await page.evaluate(`
      const dataTransfer = new DataTransfer()
      dataTransfer.items.add(new File([${JSON.stringify(har!.buffer.toString())}], 'saved.har'))
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }))
    `)
    await page.locator('#opened', { hasText: 'saved.har: 1 connection, 1 request, from' }).waitFor()
    await label('end not recorded').click()
    await page.locator('#details [data-exchange]', { hasText: 'GET /json' }).waitFor()
    await page.locator('#opened a').click()
    await page.locator('#live[data-state=live]').waitFor()
    await page.locator('#log tr', { hasText: '/other' }).first().waitFor()
  })

  it('opens a capture among the bytes, and says what cannot be read', async () => {
    await open()
    await page.goto(new URL('bytes.html', page.url()).href)
    const turns: [Piece['side'], string][] = [
      ['request', 'GET /a HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['response', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ]
    const tls = packets(conversation([['request', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03']]), { clientPort: 7 })
    const buffer = pcap([...packets(conversation(turns)), ...tls])
    await page.locator('#file').setInputFiles({ name: 'some.pcap', mimeType: '', buffer })
    await page.locator('#shared', { hasText: 'Taken from some.pcap, with 2 messages. 1 connection in TLS' }).waitFor()
    await page.locator('#samples').selectOption({ label: '204 for GET /a' })
    await page.locator('#messages', { hasText: 'HTTP/1.1 204' }).waitFor()
    expect(await page.locator('#source').inputValue()).toBe('HTTP/1.1 204 No Content\n\n')
  })

  it('finds what is looked for, and says what it does not understand', async () => {
    await open()
    for (const path of ['/json', '/broken', '/other']) await (await fetch(url + path)).text()
    await page.locator('#log tr', { hasText: '/other' }).first().waitFor()
    await page.locator('#filter').fill('status:5xx')
    await page.locator('#log tr', { hasText: '/other' }).first().waitFor({ state: 'detached' })
    expect(await page.locator('#log tr', { hasText: '/broken' }).count()).toBe(1)
    await page.locator('#filter').fill('colour:red')
    await page.locator('#filter-error', { hasText: 'Not understood: colour:red' }).waitFor()
  })

  it('stands still, dimmed and dated, when the server is gone', async () => {
    await open()
    await (await fetch(url)).text()
    program.kill('SIGKILL')
    await page.locator('#live', { hasText: /Server away since \d\d:\d\d:\d\d/ }).waitFor()
    expect(await page.locator('body.away').count()).toBe(1)
    // The stream that broke off is what this is about.
    complaints.length = 0
  })

  it('is for everybody: in light and dark, read aloud, on a phone', async () => {
    await open()
    await (await fetch(`${url}/json`)).text()
    await label('#').click()
    await page.locator('#details [data-exchange]').first().click()
    await page.locator('#details .fields').first().waitFor()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const { violations } = await page.evaluate<AxeResults>(`${axe.source}; axe.run()`)
      expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([])
    }
    await page.setViewportSize({ width: 360, height: 740 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360)
  })
})

/** From its build, which has the page. */
async function inspector(options: InspectorOptions): Promise<Middleware> {
  const module = (await import(join(built.folder, 'index.mjs'))) as typeof import('../src/index.ts')
  return module.inspector(options)
}

describe('the link of an inspector in a program', () => {
  it('is printed whole, once, when the first server listens on a port', async () => {
    const lines: string[] = []
    const app = router()
    app.use(await inspector({ print: (line) => lines.push(line) }))
    const server = createOurs(app)
    await server.listen({ path: join(built.folder, 'socket') })
    expect(lines).toEqual([])
    const { url } = await server.listen({ port: 0 })
    await server.listen({ port: 0 })
    expect(lines).toEqual([expect.stringMatching(new RegExp(`^Inspector: ${url}/__spillway/\\?token=[\\w-]+\n$`))])
    const link = lines[0]!.slice('Inspector: '.length, -1)
    expect((await fetch(link, { redirect: 'manual' })).status).toBe(303)
    await server.close({ deadline: 0 })
  })

  it('is printed when the page is asked for, where the server has listened before', async () => {
    const lines: string[] = []
    const app = router()
    const server = await serve(app, { port: 0 })
    app.use(await inspector({ print: (line) => lines.push(line) }))
    expect(lines).toEqual([])
    const ask = (): Promise<Response> => fetch(`${server.url}/__spillway/`)
    expect([(await ask()).status, (await ask()).status]).toEqual([403, 403])
    expect(lines).toEqual([expect.stringMatching(/^Inspector: http:\/\/<this server>\/__spillway\/\?token=[\w-]+\n$/)])
    await server.close({ deadline: 0 })
  })
})
