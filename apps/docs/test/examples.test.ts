import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Handler, type Server, serve } from '@spillway/core'
import ts from 'typescript'
import { spawn } from '@spillway/vitest-config/tools'
import { describe, expect, onTestFinished, test, vi } from 'vitest'

const site = new URL('../site/', import.meta.url)
const examples = new URL('../examples/', import.meta.url)

async function start(app: Handler): Promise<string> {
  const server = await serve(app, { port: 0 })
  onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
  return server.url
}

/** Takes a server of an example over: its URL, and its end with the test's. */
function started(server: Server): string {
  onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
  return server.url
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function quiet(): ReturnType<typeof vi.spyOn> {
  const log = vi.spyOn(console, 'log').mockReturnValue()
  onTestFinished(() => log.mockRestore())
  return log
}

describe('pages', () => {
  const pages = ['guide', 'recipes'].flatMap((folder) =>
    readdirSync(new URL(folder, site)).map((name) => readFileSync(new URL(`${folder}/${name}`, site), 'utf8')),
  )

  test('show code from files that are compiled and run, and none of their own', () => {
    // That one is followed step by step, its code included, by tooling/consumer/templates.mjs.
    const others = pages.filter((page) => !page.startsWith('# Getting started'))
    expect(others.filter((page) => /```(ts|js)/.test(page))).toEqual([])
  })

  test('show every example', () => {
    const shown = pages.flatMap((page) =>
      [...page.matchAll(/^<<< .*\/examples\/([\w-]+\.ts)$/gm)].map(([, name]) => name),
    )
    expect(shown).toEqual(expect.arrayContaining(readdirSync(examples)))
  })
})

describe('examples', () => {
  test('streams: the quick one does not wait for the slow one', async () => {
    const { answers } = await import('../examples/streams.ts')
    expect(await answers(['/slow', '/quick'])).toEqual(['/quick over HTTP/2.0', '/slow over HTTP/2.0'])
  })

  test('hello', async () => {
    quiet()
    const { server } = await import('../examples/hello.ts')
    expect(await (await fetch(`${started(server)}/world`)).text()).toBe('Hello from /world\n')
  })

  test('listen', async () => {
    const log = quiet()
    const { server } = await import('../examples/listen.ts')
    started(server)
    const [first, second] = log.mock.calls[0] as [string, string]
    expect(first).not.toBe(second)
    for (const url of [first, second]) expect(await (await fetch(`${url}/x`)).text()).toBe('127.0.0.1 asked for /x\n')
  })

  test('request', async () => {
    const { app } = await import('../examples/request.ts')
    const url = await start(app)
    const post = (body: string): Promise<Response> => fetch(url, { method: 'POST', body })
    expect((await fetch(url)).headers.get('allow')).toBe('POST')
    expect(await (await post('{"amount":2}')).json()).toMatchObject({ accepted: 2 })
    const refused = ['{"amount":0}', '{', JSON.stringify({ amount: 'x'.repeat(1024) })]
    expect(await Promise.all(refused.map(async (body) => (await post(body)).status))).toEqual([422, 400, 413])
  })

  test('upload', async () => {
    const { app } = await import('../examples/upload.ts')
    const body = new Uint8Array(3 * 1024 * 1024)
    expect(await (await fetch(await start(app), { method: 'POST', body })).json()).toEqual({ bytes: body.length })
  })

  test('process', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-docs-'))
    const before = process.cwd()
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    onTestFinished(() => {
      stdout.mockRestore()
      process.chdir(before)
      rmSync(folder, { recursive: true })
    })
    process.chdir(folder)
    mkdirSync('public')
    writeFileSync('public/about.html', 'about us')
    const { app } = await import('../examples/process.ts')
    const url = await start(app)
    expect(await (await fetch(`${url}/api/time`)).json()).toHaveProperty('now')
    expect(await (await fetch(`${url}/api/books/7`)).json()).toEqual({ id: '7' })
    expect(await (await fetch(`${url}/about.html`)).text()).toBe('about us')
    expect(await fetch(`${url}/missing.html`)).toMatchObject({ status: 404 })
  })

  test('reply', async () => {
    const { app } = await import('../examples/reply.ts')
    const url = await start(app)
    expect((await fetch(`${url}/text`)).headers.get('content-length')).toBe('29')
    const streamed = await fetch(`${url}/stream`)
    expect([streamed.headers.get('transfer-encoding'), await streamed.text()]).toEqual(['chunked', '3\n2\n1\n'])
    expect(await fetch(`${url}/old`, { redirect: 'manual' })).toMatchObject({ status: 301 })
    expect(await (await fetch(`${url}/native`)).json()).toEqual({ fetch: 'style' })
    expect((await fetch(url)).headers.get('cache-control')).toBe('max-age=60')
  })

  test('persistence', async () => {
    const log = quiet()
    const { server } = await import('../examples/persistence.ts')
    const response = await fetch(started(server), { headers: { connection: 'close' } })
    expect(response.headers.get('connection')).toBe('close')
    await response.text()
    await vi.waitFor(() =>
      expect(log).toHaveBeenCalledWith(
        expect.stringMatching(/^connection \d+ served 1 requests and ended: client-asked$/),
      ),
    )
  })

  test('lifecycle', async () => {
    const { app, outcomes } = await import('../examples/lifecycle.ts')
    const url = await start(app)
    await (await fetch(url)).text()
    const leaving = new AbortController()
    const asked = fetch(`${url}/slow`, { signal: leaving.signal })
    setTimeout(() => leaving.abort(), 100)
    await expect(asked).rejects.toThrow(/abort/i)
    await vi.waitFor(() => expect(outcomes).toEqual(['sent 200', 'aborted by peer']), { timeout: 10_000 })
  })

  test('many-clients', { timeout: 60_000 }, async () => {
    // A program of its own, on the built packages: it starts itself again as its workers.
    const port = await freePort()
    const file = fileURLToPath(new URL('../dist/many-clients.mjs', import.meta.url))
    mkdirSync(new URL('../dist/', import.meta.url), { recursive: true })
    const source = readFileSync(new URL('many-clients.ts', examples), 'utf8')
    const { ESNext } = ts.ModuleKind
    writeFileSync(file, ts.transpileModule(source, { compilerOptions: { module: ESNext } }).outputText)
    const child = spawn(process.execPath, [file], { env: { ...process.env, PORT: String(port) } })
    onTestFinished(() => {
      child.kill('SIGKILL')
      rmSync(file)
    })
    const [ready] = (await once(child.stdout, 'data')) as [Buffer]
    expect(ready.toString()).toBe(`ready on ${port}\n`)
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toMatch(/^worker \d+\n$/)
    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  test('testing', async () => {
    const { idleConnection } = await import('../examples/testing.ts')
    const { client, ended } = await idleConnection()
    expect([client.received.endsWith('hi'), ended]).toEqual([true, true])
  })
})
