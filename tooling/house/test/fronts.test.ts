// The front servers of docs/deployment, with their files, each in front of two applications.
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Handler, type Server, serve } from '@spillway/core'
import { client } from '@spillway/middleware/client'
import { router } from '@spillway/middleware/router'
import { sse } from '@spillway/middleware/sse'
import { websocket } from '@spillway/middleware/websocket'
import { connectWebSocket } from '@spillway/middleware/websocket-client'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { freePort } from '../../vitest/free-port.js'
import { findTool, spawn, withTools } from '../../vitest/tools.js'

const folder = fileURLToPath(new URL('../../../docs/deployment/', import.meta.url))

const patience = { timeout: 15_000, interval: 20 }

interface Front {
  readonly name: string
  readonly file: string
  readonly args: (config: string, home: string) => readonly string[]
  /** What is different here, besides the ports: it needs no rights, and asks five times as often whether an application is ready. */
  readonly adapt: (text: string, home: string) => string
  /** Whether it asks for `/ready`. */
  readonly checks: boolean
}

/** nginx's own are for root. */
const folders = (home: string): string =>
  ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${home}/${what};`).join('\n')

const fronts: readonly Front[] = [
  {
    name: 'nginx',
    file: 'nginx.conf',
    args: (config, home) => ['-e', 'stderr', '-p', home, '-c', config, '-g', `daemon off; user root; pid ${home}/pid;`],
    adapt: (text, home) =>
      text
        .replace('listen 8080', 'listen 127.0.0.1:8080')
        .replace('worker_rlimit_nofile 8192;\n', '')
        .replace('\nhttp {', `\nhttp {\n  access_log off;\n${folders(home)}`),
    checks: false,
  },
  {
    name: 'haproxy',
    file: 'haproxy.cfg',
    args: (config) => ['-db', '-f', config],
    adapt: (text) =>
      text
        .replace('bind :8080', 'bind 127.0.0.1:8080')
        .replace('maxconn 10000', 'maxconn 200')
        .replace('inter 1s', 'inter 200ms'),
    checks: true,
  },
  {
    name: 'caddy',
    file: 'Caddyfile',
    args: (config) => ['run', '--adapter', 'caddyfile', '--config', config],
    adapt: (text) =>
      `{\n\tadmin off\n\tdefault_bind 127.0.0.1\n}\n${text.replace('health_interval 1s', 'health_interval 200ms')}`,
    checks: true,
  },
]

/** An application that can be stopped and started again at its port, and that says what it is asked. */
class Application {
  port = 0
  isEnding = false
  checks = 0
  posts = 0
  release = (): void => {}
  #server: Server | undefined

  async start(): Promise<void> {
    this.#server = await serve(this.#routes(), { port: this.port, host: '127.0.0.1' })
    this.port = Number(new URL(this.#server.url).port)
  }

  async stop(): Promise<void> {
    await this.#server?.close({ deadline: 0 })
  }

  #routes(): Handler {
    return router()
      .get('/ready', (c) => {
        this.checks++
        return c.empty(this.isEnding ? 503 : 200)
      })
      .use(client({ trusted: ['127.0.0.1'], fields: ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'] }))
      .get('/', (c) => c.text('ok'))
      .get('/events/who', (c) => {
        const { address, protocol, host } = c.state.client
        return c.json({ address, protocol, host })
      })
      .get('/events', (c) => sse(c, this.#events()))
      .get(
        '/echo',
        websocket(() => ({ message: (socket, data) => void socket.send(data) })),
      )
      .get('/busy', (c) => c.text('busy', { status: 503 }))
      .get('/large', (c) => c.text('', { headers: { 'Set-Cookie': `session=${'x'.repeat(8000)}` } }))
      .post('/upload', async (c) => c.json((await c.body.bytes()).byteLength))
      .post('/slow', async (c) => {
        this.posts++
        await new Promise<void>((resolve) => (this.release = resolve))
        return c.text('done')
      })
      .post('/crash', async () => {
        this.posts++
        void this.stop()
        return new Promise<never>(() => {})
      })
  }

  async *#events(): AsyncGenerator<{ data: string }> {
    const isHeard = new Promise<void>((resolve) => (this.release = resolve))
    yield { data: 'first' }
    // Only a client that has the first event makes it go on.
    await isHeard
    yield { data: 'second' }
  }
}

const upload = async (url: string, size: number): Promise<Response> =>
  fetch(new URL('/upload', url), { method: 'POST', body: new Uint8Array(size) })

for (const { name, file, args, adapt, checks } of fronts) {
  const tool = findTool(name)
  withTools(tool)(`${name} in front of two applications`, () => {
    let home: string
    let url: string
    let stop: () => Promise<unknown>
    const applications = [new Application(), new Application()] as const
    const posts = (): number => applications[0].posts + applications[1].posts

    /** Waits until both have been asked a number of times whether they are ready. */
    const checked = async (times: number): Promise<void> => {
      for (const application of applications) application.checks = 0
      await vi.waitUntil(() => applications.every((application) => application.checks >= times), patience)
    }
    const get = async (path: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(new URL(path, url), { headers })
    const statuses = async (path: string, count: number): Promise<number[]> => {
      const all: number[] = []
      for (let i = 0; i < count; i++) {
        const response = await get(path)
        await response.text()
        all.push(response.status)
      }
      return [...new Set(all)]
    }

    beforeAll(async () => {
      home = mkdtempSync(join(tmpdir(), 'spillway-front-'))
      for (const application of applications) await application.start()
      const port = await freePort()
      url = `http://127.0.0.1:${port}`
      const config = join(home, file)
      const text = adapt(readFileSync(join(folder, file), 'utf8'), home)
        .replace('10.0.0.11:3000', `127.0.0.1:${applications[0].port}`)
        .replace('10.0.0.12:3000', `127.0.0.1:${applications[1].port}`)
        .replaceAll(':8080', `:${port}`)
      writeFileSync(config, text)
      const environment = { ...process.env, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home }
      const child = spawn(tool.path, args(config, home), { env: environment, stdio: ['ignore', 'ignore', 'pipe'] })
      let complaint = ''
      child.stderr.on('data', (piece: Buffer) => (complaint += piece.toString()))
      const ended = once(child, 'exit')
      stop = () => {
        child.kill(name === 'caddy' ? 'SIGKILL' : 'SIGTERM')
        return ended
      }
      // Until it listens, and has seen that they are ready.
      for (let i = 0; ; i++) {
        const status = await get('/').then(
          (response) => response.status,
          () => 0,
        )
        if (status === 200) break
        if (child.exitCode !== null || i > 200) throw new Error(`${name} does not start: ${complaint}`)
        await sleep(50)
      }
    }, 30_000)

    afterAll(async () => {
      await stop?.()
      for (const application of applications) await application.stop()
      rmSync(home, { recursive: true, force: true })
    })

    it('says who the client is, whatever the client says of itself, and on every path', async () => {
      const lies = {
        'X-Forwarded-For': '192.0.2.66',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Host': 'evil.example',
      }
      const truth = { address: '127.0.0.1', protocol: 'http', host: new URL(url).host }
      expect(await (await get('/events/who')).json()).toEqual(truth)
      expect(await (await get('/events/who', lies)).json()).toEqual(truth)
    })

    it('passes heads as large as the application takes, and replies with large cookies', async () => {
      expect((await get('/', { Cookie: 'x'.repeat(16_000) })).status).toBe(200)
      const many = Object.fromEntries(Array.from({ length: 110 }, (_, i) => [`field-${i}`, 'x'.repeat(100)]))
      expect((await get('/', many)).status).toBe(200)
      const { status, headers } = await get('/large')
      expect([status, headers.get('set-cookie')?.length]).toEqual([200, 8008])
    })

    it('passes events on as they come', async () => {
      const { body } = await get('/events')
      let text = ''
      for await (const piece of body!) {
        text += Buffer.from(piece).toString()
        if (text.includes('first')) for (const { release } of applications) release()
      }
      expect(text).toContain('second')
    })

    it('passes WebSockets on', async () => {
      const echoed = await new Promise((resolve, reject) => {
        connectWebSocket(`${url.replace('http', 'ws')}/echo`, {
          message(socket, data) {
            socket.close()
            resolve(data)
          },
        }).then((socket) => socket.send('hello'), reject)
      })
      expect(echoed).toBe('hello')
    })

    it('passes uploads on, up to the limit of the application', async () => {
      const limit = 1024 * 1024
      expect(await (await upload(url, limit)).json()).toBe(limit)
      expect((await upload(url, limit + 1)).status).toBe(413)
    })

    it('goes on asking an application that answered some requests with 503', async () => {
      expect(await statuses('/busy', 12)).toEqual([503])
      expect(await statuses('/', 6)).toEqual([200])
    })

    it.skipIf(!checks)(
      'lets applications that are about to end finish what they are doing',
      async () => {
        const before = posts()
        const answer = fetch(new URL('/slow', url), { method: 'POST' })
        await vi.waitUntil(() => posts() > before, patience)
        for (const application of applications) application.isEnding = true
        await checked(4)
        for (const application of applications) {
          application.isEnding = false
          application.release()
        }
        expect([(await answer).status, posts() - before]).toEqual([200, 1])
        await checked(2)
      },
      20_000,
    )

    it('loses nothing when one application is replaced after the other', async () => {
      for (const application of applications) {
        await application.stop()
        expect(await statuses('/', 12)).toEqual([200])
        await application.start()
        // Until it is known to be there again.
        await (checks ? checked(2) : sleep(2200))
      }
    }, 30_000)

    it('does not repeat what an application may have done before it crashed', async () => {
      const before = posts()
      // The client gets 502, or no answer.
      await fetch(new URL('/crash', url), { method: 'POST' }).catch(() => {})
      expect(posts() - before).toBe(1)
    })
  })
}
