import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@spillway/vitest-config/free-port'
import { fileURLToPath } from 'node:url'
import { type Handler, type Server, serve } from '@spillway/core'
import { inject } from '@spillway/core/testing'
import { client as clientBehind } from '@spillway/middleware/client'
import { proxy, upstreams } from '@spillway/middleware/proxy'
import { router } from '@spillway/middleware/router'
import { connectWebSocket } from '@spillway/middleware/websocket-client'
import ts from 'typescript'
import { spawn, spawnSync } from '@spillway/vitest-config/tools'
import { describe, expect, onTestFinished, test, vi } from 'vitest'

const site = new URL('../site/', import.meta.url)
const examples = new URL('../examples/', import.meta.url)

async function start(app: Handler): Promise<string> {
  const server = await serve(app, { port: 0 })
  onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
  return server.url
}

/** Takes over an example's server: returns its URL, and closes it when the test ends. */
function started(server: Server): string {
  onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
  return server.url
}

function quiet(): ReturnType<typeof vi.spyOn> {
  const log = vi.spyOn(console, 'log').mockReturnValue()
  onTestFinished(() => log.mockRestore())
  return log
}

describe('pages', () => {
  const names = ['guide', 'recipes'].flatMap((folder) =>
    readdirSync(new URL(folder, site)).map((name) => `${folder}/${name}`),
  )
  const pages = [...names, 'index.md', 'comparison.md'].map((name) => readFileSync(new URL(name, site), 'utf8'))

  test('show code from files that are compiled and run, and none of their own', () => {
    // tooling/consumer/templates.mjs follows that page step by step, including its code.
    const others = pages.filter((page) => !page.startsWith('# Getting started'))
    expect(others.filter((page) => /```(ts|js)/.test(page))).toEqual([])
  })

  test('show every example', () => {
    const shown = pages.flatMap((page) =>
      [...page.matchAll(/^<<< .*\/examples\/([\w/-]+\.\w+)(?:\{\w+\})?(?: \[\w+\])?$/gm)].map(([, name]) => name),
    )
    const all = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.'))
    expect(shown).toEqual(expect.arrayContaining(all))
  })
})

describe('examples', () => {
  test('streams: the quick one does not wait for the slow one', async () => {
    const { answers } = await import('../examples/streams.ts')
    expect(await answers(['/slow', '/quick'])).toEqual(['/quick over HTTP/2.0', '/slow over HTTP/2.0'])
  })

  test('hello', async () => {
    const log = quiet()
    const code = readFileSync(new URL('hello.ts', examples), 'utf8')
    // A folder from which its imports can be resolved.
    const cache = fileURLToPath(new URL('../node_modules/.cache/', import.meta.url))
    mkdirSync(cache, { recursive: true })
    const folder = mkdtempSync(join(cache, 'hello-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    // A reader who has no project yet runs it as JavaScript.
    writeFileSync(join(folder, 'server.mjs'), code)
    const checked = spawnSync(process.execPath, ['--check', join(folder, 'server.mjs')], { encoding: 'utf8' })
    expect([checked.status, checked.stderr]).toEqual([0, ''])

    writeFileSync(join(folder, 'server.ts'), `${code.replace('port: 3000', 'port: 0')}export { server }\n`)
    const { server } = (await import(/* @vite-ignore */ join(folder, 'server.ts'))) as { server: Server }
    expect(log.mock.calls).toEqual([[started(server)]])
    expect(await (await fetch(`${server.url}/world`)).text()).toBe('Hello from /world\n')
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
    // A separate program, on the built packages, because it starts itself again as its workers.
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

  test('routes in files of their own', async () => {
    const { app } = await import('../examples/library.ts')
    const get = (path: string): Promise<Response> => inject(app, path, { headers: { 'X-User': 'Ali' } })
    expect(await (await get('/books?q=TCP')).json()).toEqual([{ id: 1, title: 'TCP/IP Illustrated' }])
    expect(await (await get('/books/2')).json()).toMatchObject({ title: 'Release It!' })
    expect(await (await get('/books/2/cover')).text()).toBe('The cover of 2, for Ali')
    expect([(await get('/books/9')).status, (await get('/books?page=0')).status]).toEqual([404, 400])
    expect((await inject(app, '/books')).status).toBe(401)
  })

  test('inject', async () => {
    const { refused, titles } = await import('../examples/inject.ts')
    expect([await refused(), await titles()]).toEqual([401, ['TCP/IP Illustrated']])
  })

  test('errors', async () => {
    const error = vi.spyOn(console, 'error').mockReturnValue()
    onTestFinished(() => error.mockRestore())
    const { app } = await import('../examples/errors.ts')
    const order = (body: unknown): Promise<Response> =>
      inject(app, '/orders', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
    expect((await order({ item: 'tea', amount: 2 })).status).toBe(201)
    expect(await (await order({ item: 'tea', amount: 2 })).json()).toMatchObject({
      status: 409,
      code: 'SOLD_OUT',
      left: 1,
    })
    expect(await (await order({ item: 'tea', amount: 0 })).json()).toMatchObject({
      status: 422,
      errors: [{ pointer: '#/amount' }],
    })
    expect((await order({ item: 'coal', amount: 1 })).status).toBe(404)
    expect(await (await inject(app, '/broken')).text()).not.toContain('nobody outside')
    expect(error).toHaveBeenCalledOnce()
    expect((await inject(app, '/orders')).headers.get('allow')).toContain('POST')
  })

  test('sign-in', async () => {
    const { app } = await import('../examples/sign-in.ts')
    const send = (method: string, path: string, body?: object, cookie = ''): Promise<Response> =>
      inject(app, path, {
        method,
        headers: { 'Content-Type': 'application/json', Cookie: cookie },
        ...(body && { body: JSON.stringify(body) }),
      })
    const ali = { user: 'ali', password: 'open sesame' }
    expect((await send('POST', '/users', ali)).status).toBe(201)
    expect((await send('POST', '/users', ali)).status).toBe(409)
    expect((await send('POST', '/session', { ...ali, password: 'close sesame' })).status).toBe(403)
    expect((await send('POST', '/session', { ...ali, user: 'nobody' })).status).toBe(403)
    const [cookie] = (await send('POST', '/session', ali)).headers.get('set-cookie')!.split(';')
    expect(await (await send('GET', '/account', undefined, cookie)).json()).toEqual({ user: 'ali' })
    expect((await send('GET', '/account')).status).toBe(401)
    expect((await send('DELETE', '/session', undefined, cookie)).headers.get('set-cookie')).toContain('Max-Age=0')
  })

  test('files', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-docs-'))
    vi.stubEnv('UPLOADS', folder)
    onTestFinished(() => {
      vi.unstubAllEnvs()
      rmSync(folder, { recursive: true })
    })
    const { app } = await import('../examples/files.ts')
    const form = new FormData()
    form.append('note', 'not a file')
    form.append('file', new Blob(['content of the file']), '../../etc/passwd')
    const [id] = (await (await inject(app, '/uploads', { method: 'POST', body: form })).json()) as string[]
    expect(readdirSync(folder)).toEqual([id])
    const part = await inject(app, `/uploads/${id}`, { headers: { Range: 'bytes=0-6' } })
    expect([part.status, await part.text()]).toEqual([206, 'content'])
    expect(part.headers.get('content-disposition')).toContain('upload.bin')
    expect((await inject(app, '/uploads/..%2f..%2fetc%2fpasswd')).status).not.toBe(200)
    expect((await (await inject(app, '/export.csv')).text()).split('\n').length).toBe(1002)
    expect(await (await inject(app, '/self')).text()).toContain('createReadStream')
  })

  test('streaming', async () => {
    const { app, log } = await import('../examples/streaming.ts')
    const url = await start(app)
    const three = '{"done":1,"of":3}\n{"done":2,"of":3}\n{"done":3,"of":3}\n'
    expect(await (await fetch(`${url}/steps/3`)).text()).toBe(three)
    expect(await (await fetch(`${url}/from/${new URL(url).port}`)).text()).toBe(three)
    const done = ['done', 'tidied up']
    expect(log).toEqual([...done, ...done])

    const leaving = new AbortController()
    const reader = (await fetch(`${url}/steps/1000000`, { signal: leaving.signal })).body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toContain('"done":1,')
    leaving.abort()
    await vi.waitFor(() => expect(log.slice(4)).toEqual(['tidied up']))

    const post = (path: string, body: string): Promise<Response> => fetch(url + path, { method: 'POST', body })
    expect(await (await post('/import', 'a line\n'.repeat(300_000))).json()).toEqual({ count: 300_000 })
    expect(await (await post('/louder', 'tea, please')).text()).toBe('TEA, PLEASE')
  })

  test('room', async () => {
    const { app } = await import('../examples/room.ts')
    const url = await start(app)
    const events = await fetch(`${url}/rooms/tea/events`)
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader()
    const heard: string[] = []
    const socket = await connectWebSocket(`${url}/rooms/tea/socket`, {
      message: (_, data) => void heard.push(String(data)),
    })
    await socket.send('{"text":"hello"}')
    let text = ''
    for (let isOver = false; !isOver && !text.includes('data:');) {
      const { done, value = '' } = await reader.read()
      isOver = done
      text += value
    }
    expect(text).toContain('data: {"room":"tea","text":"hello"}')
    await vi.waitFor(() => expect(heard).toEqual(['{"room":"tea","text":"hello"}']))
    await socket.send('{}')
    await vi.waitFor(() => expect(socket.signal.aborted).toBe(true))
    await reader.cancel()
  })

  test('watched', async () => {
    const said = quiet()
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    onTestFinished(() => stdout.mockRestore())
    const { app } = await import('../examples/watched.ts')
    const url = await start(app)
    const reply = await fetch(`${url}/books/7`)
    await reply.text()
    const id = reply.headers.get('x-request-id')
    expect(JSON.parse(said.mock.calls[0]![0] as string)).toEqual({ message: 'looking for 7', request: id })
    await vi.waitFor(() => expect(stdout.mock.calls.join('')).toContain(id))
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('route="/books/:id"')
  })

  test('env', async () => {
    const { readEnv } = await import('../examples/env.ts')
    expect(readEnv({ PORT: '8080' })).toEqual({ NODE_ENV: 'development', PORT: 8080, HOST: '127.0.0.1' })
    expect(() => readEnv({ PORT: 'x', NODE_ENV: 'prod' })).toThrow(/NODE_ENV[^]*PORT/)
  })

  test('production', async () => {
    vi.stubEnv('PORT', '0')
    const error = vi.spyOn(console, 'error').mockReturnValue()
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    onTestFinished(() => {
      vi.unstubAllEnvs()
      error.mockRestore()
      stdout.mockRestore()
      for (const signal of ['SIGTERM', 'SIGINT']) process.removeAllListeners(signal)
    })
    const { server } = await import('../examples/production.ts')
    const url = started(server!)
    expect([(await fetch(`${url}/live`)).status, (await fetch(`${url}/ready`)).status]).toEqual([200, 200])
    // What the gateway consists of, with a client and TLS that are only said to be there.
    const known = clientBehind({ trusted: ['127.0.0.1'], fields: 'forwarded' })
    const gateway = await start(
      router()
        .use(known)
        .mount('/', proxy(upstreams([url]))),
    )
    const headers = { Forwarded: 'for=192.0.2.1;proto=https' }
    const seen = await (await fetch(gateway, { headers })).json()
    expect(seen).toEqual({ client: '192.0.2.1', over: 'https' })
  })

  test('testing', async () => {
    const { idleConnection } = await import('../examples/testing.ts')
    const { client, ended } = await idleConnection()
    expect([client.received.endsWith('hi'), ended]).toEqual([true, true])
  })
})
