import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { execFile, findTool, spawn, withTools } from '@spillway/vitest-config/tools'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type Handler, type ListenOptions, type Server, type ServerOptions, serve } from '../../src/index.ts'
import { makeAuthority, openssl } from '../certificates.ts'
import { muteErrors } from '../support.ts'
import { startStreams } from './streams-load.ts'

const curl = findTool('curl', { probe: ['--version'], says: /HTTP2/ })
const nghttp = findTool('nghttp')
const h2load = findTool('h2load')
const run = promisify(execFile)
/** Bytes of each way of the long transfer; `SPILLWAY_LONG_BYTES=1000000000` makes a gigabyte of it. */
const longBytes = Number(process.env['SPILLWAY_LONG_BYTES'] ?? 60_000_000)

muteErrors()

async function start(handler: Handler, options: ServerOptions & ListenOptions = {}): Promise<Server> {
  const server = await serve(handler, { port: 0, host: '127.0.0.1', http2: true, ...options })
  onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
  return server
}

const half = Buffer.alloc(500 * 1024, 'x')

/** Content of so many bytes, made as it is read. */
// oxlint-disable-next-line require-await -- content is asynchronous; these blocks happen to be there
async function* bytes(total: number): AsyncGenerator<Uint8Array> {
  for (let left = total; left > 0; left -= half.length) yield left >= half.length ? half : half.subarray(0, left)
}

withTools(curl)('curl', { timeout: 60_000 }, () => {
  const clear = ['-s', '--http2-prior-knowledge'] as const

  it(`sends and gets ${longBytes} bytes, in memory that stays the same`, async () => {
    let received = 0
    const server = await start(
      async (c) => {
        if (c.method === 'GET') return c.stream(bytes(longBytes))
        c.body.limit = Infinity
        for await (const chunk of c.body) received += chunk.length
        return c.text(String(received))
      },
      { limits: { bodyBytes: Infinity } },
    )
    const before = process.memoryUsage()
    let most = 0
    const watch = setInterval(() => {
      const { arrayBuffers, heapUsed } = process.memoryUsage()
      most = Math.max(most, arrayBuffers + heapUsed - before.arrayBuffers - before.heapUsed)
    }, 10)
    onTestFinished(() => clearInterval(watch))
    const source: ChildProcess = spawn('sh', [
      '-c',
      `head -c ${longBytes} /dev/zero | ${curl.path} ${clear.join(' ')} -T - ${server.url}/up`,
    ])
    let said = ''
    source.stdout!.on('data', (text: Buffer) => (said += text.toString()))
    const sent = once(source, 'close')
    const down = run(curl.path, [...clear, '-o', '/dev/null', '-w', '%{size_download}', `${server.url}/down`])
    expect((await down).stdout).toBe(String(longBytes))
    await sent
    expect(said).toBe(String(longBytes))
    expect(most).toBeLessThan(48 * 1024 * 1024)
  }, 600_000)
})

withTools(nghttp)('nghttp', () => {
  it('gets what it asks for, a hundred times', async () => {
    const server = await start((c) => c.text('hello'))
    const { stdout } = await run(nghttp.path, ['-n', '-s', '-m', '100', server.url])
    expect(stdout.match(/ 200 +5 \//g)).toHaveLength(100)
  })

  it('reads trailers and interim responses, and sends content', async () => {
    const server = await start(async (c) => {
      c.hints({ Link: '</a.css>' })
      const reply = c.stream(await c.body.bytes())
      reply.trailers = () => ({ 'X-Sum': '7' })
      return reply
    })
    const { stdout } = await run(nghttp.path, ['-v', '-d', fileURLToPath(import.meta.url), server.url])
    expect(stdout).toMatch(/:status: 103[^]*link: <\/a\.css>[^]*:status: 200[^]*x-sum: 7/)
  })
})

withTools(h2load)('h2load', { timeout: 60_000 }, () => {
  it.each([1, 100])('with %d streams on each connection loses nothing', async (streams) => {
    const server = await start((c) => c.text('hello'))
    const { stdout } = await run(h2load.path, ['-n', '5000', '-c', '5', '-m', String(streams), server.url])
    expect(stdout).toContain('5000 done, 5000 succeeded, 0 failed, 0 errored, 0 timeout')
    expect(stdout).toContain('5000 2xx, 0 3xx, 0 4xx, 0 5xx')
  })
})

withTools(h2load)('a hundred times 500 KiB at a time', () => {
  it('arrive, over one connection', async () => {
    const server = await start((c) => c.stream(bytes(half.length)))
    const { stdout } = await run(h2load.path, ['-n', '100', '-c', '1', '-m', '100', server.url])
    expect(stdout).toContain('100 done, 100 succeeded, 0 failed, 0 errored, 0 timeout')
    expect(Number(/\((\d+)\) data/.exec(stdout)?.[1])).toBe(100 * half.length)
  })
})

/** Over TLS, as browsers and fetch want it. */
async function startSecure(handler: Handler): Promise<{ server: Server; ca: string }> {
  const authority = makeAuthority()
  onTestFinished(() => authority.remove())
  const { cert, key } = authority.issue('localhost', ['localhost'])
  return { server: await start(handler, { tls: { cert, key } }), ca: authority.ca }
}

/** Sizes of a hundred answers that were asked for at once. */
const fetchAll = `Promise.all(Array.from({ length: 100 }, async (_, i) => (await (await get('/' + i)).arrayBuffer()).byteLength))`
const hundred = Array.from({ length: 100 }, () => half.length)

withTools(chromium, openssl)('Chromium', { timeout: 60_000 }, () => {
  it('gets a hundred times 500 KiB at once, and sends as much', async () => {
    const { server } = await startSecure(async (c) => {
      if (c.method === 'POST') return c.text(String((await c.body.bytes(1e6)).length))
      return c.path === '/' ? c.html('') : c.stream(bytes(half.length))
    })
    const browser = await launchChromium()
    onTestFinished(() => browser.close())
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    const page = await context.newPage()
    await page.goto(`https://localhost:${server.port}/`)
    expect(await page.evaluate(`const get = fetch; ${fetchAll}`)).toEqual(hundred)
    const size = half.length
    const post = `(path) => fetch(path, { method: 'POST', body: new Uint8Array(${size}) }).then((reply) => reply.text())`
    const sent = `Promise.all(Array.from({ length: 100 }, (_, i) => (${post})('/' + i)))`
    expect(new Set(await page.evaluate<string[]>(sent))).toEqual(new Set([String(size)]))
    const protocols = `performance.getEntriesByType('resource').map((entry) => entry.nextHopProtocol)`
    expect(new Set(await page.evaluate<string[]>(protocols))).toEqual(new Set(['h2']))
  })
})

withTools(openssl)("Node's fetch", { timeout: 60_000 }, () => {
  it('gets a hundred times 500 KiB at once', async () => {
    const versions = new Set<string>()
    const { server, ca } = await startSecure((c) => {
      versions.add(c.httpVersion)
      return c.stream(bytes(half.length))
    })
    // It speaks HTTP/2 when it is told to; what makes it so is undici's Agent, which Node has inside.
    await fetch('data:,')
    const { constructor } = (globalThis as unknown as Record<symbol, object>)[Symbol.for('undici.globalDispatcher.1')]!
    const Agent = constructor as new (options: object) => { close(): Promise<void> }
    const dispatcher = new Agent({ allowH2: true, connect: { ca } })
    onTestFinished(() => dispatcher.close())
    const get = async (path: string): Promise<number> => {
      const reply = await fetch(`https://localhost:${server.port}${path}`, { dispatcher } as object)
      return (await reply.arrayBuffer()).byteLength
    }
    expect(await Promise.all(Array.from({ length: 100 }, (_, i) => get(`/${i}`)))).toEqual(hundred)
    expect(versions).toEqual(new Set(['2.0']))
  })
})

describe('shutdown under load', () => {
  it('answers whatever was begun; the rest was not, and says so', async () => {
    const server = await start(async (c) => {
      await new Promise((resolve) => setTimeout(resolve, 5))
      return c.text('hello')
    })
    const load = startStreams(new URL(server.url), 5, 50)
    await load.more(1000)
    const closing = server.close({ deadline: 10_000 })
    const next = await serve((c) => c.text('next'), { port: 0, host: '127.0.0.1', http2: true })
    onTestFinished(() => next.close({ deadline: 0 }).then(() => {}))
    expect(await closing).toMatchObject({ killed: 0 })
    // Nobody listens there any more: whoever still asks finds that out, and has lost nothing.
    const stopping = load.stop().catch((error: NodeJS.ErrnoException) => error.code)
    expect(await stopping).toBe('ECONNREFUSED')
    expect(load.failures).toEqual([])
  })
})
