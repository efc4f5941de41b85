import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ListenOptions, Server } from '../src/index.ts'
import { makeAuthority, openssl } from './certificates.ts'
import { get, muteErrors, onlyReply, rawClient, until } from './support.ts'

const examples = new URL('examples/', import.meta.url)

/** What the examples have made. */
const made = vi.hoisted(() => ({ folder: '', servers: [] as Server[] }))

function here(at: ListenOptions): ListenOptions {
  return at.path === undefined ? { ...at, port: 0, host: '127.0.0.1' } : { ...at, path: join(made.folder, 'app.sock') }
}

// The examples as they are, but that they listen on free ports, of this machine alone, and leave /run alone.
vi.mock('../src/index.ts', async (original) => {
  const core = await original<typeof import('../src/index.ts')>()
  const createServer: typeof core.createServer = (...args) => {
    const server = core.createServer(...args)
    const listen = server.listen.bind(server)
    server.listen = (at = {}) => listen(here(at))
    made.servers.push(server)
    return server
  }
  const serve: typeof core.serve = async (...[handler, options]) => {
    const server = await core.serve(handler, { ...options, ...here(options ?? {}) })
    made.servers.push(server)
    return server
  }
  return { ...core, createServer, serve }
})

const errors = muteErrors()
const log = vi.spyOn(console, 'log').mockImplementation(() => {})
const before = process.cwd()
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
const listeners = signals.map((signal) => process.listeners(signal))

beforeAll(() => {
  made.folder = mkdtempSync(join(tmpdir(), 'spillway-readme-'))
  process.chdir(made.folder)
})

beforeEach(() => log.mockClear())

afterEach(async () => {
  for (const server of made.servers.splice(0)) await server.close({ deadline: 0 })
  for (const [i, signal] of signals.entries())
    for (const listener of process.listeners(signal))
      if (!listeners[i]!.includes(listener)) process.off(signal, listener)
})

afterAll(() => {
  process.chdir(before)
  rmSync(made.folder, { recursive: true })
  log.mockRestore()
})

/** What the last example answers. */
function ask(path = '/', init?: RequestInit): Promise<Response> {
  return fetch(made.servers[0]!.url + path, init)
}

it('README.md shows the examples as they are tested here, and no others', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const blocks = [...readme.matchAll(/```ts\n([^]*?)```/g)].map(([, code]) => code)
  const files = readdirSync(examples).map((name) => readFileSync(new URL(name, examples), 'utf8'))
  expect(new Set(blocks)).toEqual(new Set(files))
})

// What is not here needs more processes than one: cluster.test.ts.
describe('the example', () => {
  it('hello', async () => {
    await import('./examples/hello.ts')
    expect(await (await ask('/you')).text()).toBe('Hello from /you')
    expect(log).toHaveBeenCalledWith(made.servers[0]!.url)
  })

  it('handlers', async () => {
    await import('./examples/handlers.ts')
    const order = (amount: unknown): Promise<Response> => ask('/', { method: 'POST', body: JSON.stringify({ amount }) })
    const accepted = await order(3)
    expect([accepted.status, await accepted.json()]).toEqual([201, { accepted: 3 }])
    expect((await order(0)).status).toBe(422)
    expect((await ask()).headers.get('allow')).toBe('POST')
    expect((await ask('/', { method: 'POST', body: '{' })).status).toBe(400)
  })

  it('streams', async () => {
    writeFileSync('app.log', 'a line\n')
    await import('./examples/streams.ts')
    expect(await (await ask('/log')).text()).toBe('a line\n')
    expect(await (await ask()).text()).toBe('tick 1\ntick 2\ntick 3\n')
  })

  it('outcome', async () => {
    const own = globalThis.fetch
    const slow = vi.spyOn(globalThis, 'fetch')
    slow.mockImplementation((url, init) =>
      url === 'http://127.0.0.1:9000/slow' ? Promise.resolve(new Response('at last')) : own(url, init),
    )
    await import('./examples/outcome.ts')
    expect(await (await ask('/x')).text()).toBe('at last')
    expect(slow.mock.lastCall![1]!.signal).toBeInstanceOf(AbortSignal)
    slow.mockRestore()
    await until(() => log.mock.calls.length > 0)
    expect(log).toHaveBeenCalledWith('/x', expect.objectContaining({ kind: 'sent', status: 200 }))
  })

  it('errors', async () => {
    await import('./examples/errors.ts')
    expect(await (await ask('/?1')).json()).toBe(1)
    const failed = await ask('/?x')
    expect([failed.status, await failed.json()]).toEqual([500, { error: 'sorry' }])
    expect(errors.calls).toEqual([])
  })

  it('listening', async () => {
    await import('./examples/listening.ts')
    expect(await (await ask()).text()).toBe('127.0.0.1')
    expect(readdirSync(made.folder)).toContain('app.sock')
  })

  withTools(openssl)('with openssl', () => {
    it('tls', async () => {
      const authority = makeAuthority()
      for (const [file, name] of [
        ['default', 'localhost'],
        ['example', 'example.org'],
        ['wildcard', '*.example.org'],
      ] as const) {
        const { cert, key } = authority.issue(file, [name])
        writeFileSync(`${file}.pem`, cert)
        writeFileSync(`${file}.key`, key)
      }
      await import('./examples/tls.ts')
      const [server] = made.servers
      for (const name of ['localhost', 'example.org', 'www.example.org']) {
        const answer = await new Promise<string>((resolve, reject) => {
          const socket = connectTls({ port: server!.port, host: '127.0.0.1', servername: name, ca: authority.ca }, () =>
            socket.write(get('/', 'Connection: close\r\n')),
          )
          let text = ''
          socket.setEncoding('latin1').on('data', (piece: string) => (text += piece))
          socket.on('end', () => resolve(text)).on('error', reject)
        })
        expect(onlyReply(answer).body).toBe(`${name}, 1.1`)
      }
      process.emit('SIGHUP')
      authority.remove()
    })
  })

  it('proxy-protocol', async () => {
    await import('./examples/proxy-protocol.ts')
    const client = rawClient(made.servers[0]!)
    client.send(`PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n${get('/', 'Connection: close\r\n')}`)
    expect(onlyReply(await client.ended).body).toBe('192.0.2.1')
  })

  it('limits', async () => {
    await import('./examples/limits.ts')
    for (const [size, status] of [
      [8 * 1024 * 1024, 200],
      [8 * 1024 * 1024 + 1, 413],
    ])
      expect((await ask('/', { method: 'POST', body: 'x'.repeat(size!) })).status).toBe(status)
  })

  it('shutdown', async () => {
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never)
    await import('./examples/shutdown.ts')
    expect((await ask('/ready')).status).toBe(200)
    process.emit('SIGTERM')
    // It is announced before anything ends.
    expect((await ask('/ready', { headers: { connection: 'close' } })).status).toBe(503)
    await until(() => exit.mock.calls.length > 0)
    expect(exit).toHaveBeenCalledExactlyOnceWith(0)
    exit.mockRestore()
  })

  it('watching', async () => {
    await import('./examples/watching.ts')
    await import('./examples/fetch-app.ts')
    const client = rawClient(made.servers[0]!)
    client.send(get('/', 'Connection: close\r\n'))
    expect(onlyReply(await client.ended).body).toBe('Hono on Spillway')
    await until(() => log.mock.calls.length > 0)
    expect(log).toHaveBeenCalledWith(expect.any(Number), 'client-asked', 1)
  })

  it('to-fetch', async () => {
    await import('./examples/to-fetch.ts')
    expect(log).toHaveBeenCalledWith('Hello from /here')
  })

  it('inject', async () => {
    await import('./examples/inject.ts')
    expect(log).toHaveBeenCalledWith(200, { path: '/users/7' })
  })

  it('test-server', async () => {
    await import('./examples/test-server.ts')
    expect(log.mock.calls).toEqual([[expect.stringMatching(/^HTTP\/1\.1 200 OK\r\n[^]*hi$/)], ['ended']])
  })
})
