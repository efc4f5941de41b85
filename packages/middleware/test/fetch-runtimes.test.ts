import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { findPackage, spawn, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'

// An application made of what is here, under `Bun.serve` and `Deno.serve`. How `toFetch` itself behaves is tested in core.

const packages = new URL('../../', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'spillway-app-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The application, which knows nothing of the runtime it is on. */
const app = `
import { createHash } from 'node:crypto'
import { toFetch } from '@spillway/core/web'
import { basicAuth, sameText } from '@spillway/middleware/auth'
import { body } from '@spillway/middleware/body'
import { compression } from '@spillway/middleware/compression'
import { conditional } from '@spillway/middleware/conditional'
import { cookies } from '@spillway/middleware/cookies'
import { cors } from '@spillway/middleware/cors'
import { csrf } from '@spillway/middleware/csrf'
import { multipart } from '@spillway/middleware/multipart'
import { problems } from '@spillway/middleware/problem'
import { router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'
import { sessions } from '@spillway/middleware/sessions'
import { sse } from '@spillway/middleware/sse'
import { staticFiles } from '@spillway/middleware/static'
import { websocket } from '@spillway/middleware/websocket'

const secrets = 'the secret of a test, 32 bytes or more'
const person = basicAuth({ verify: (name, given) => sameText(given, 'sesame') && name })

export const fetch = toFetch(
  router()
    .use(problems({ onError() {} }), secureHeaders(), cors({ origins: ['https://app.example'] }), csrf(), compression(), cookies({ secrets }), sessions({ secrets }))
    .get('/hello/:name', (c) => c.text('Hello, ' + c.params.name))
    .get('/long', [conditional()], (c) => c.text('all work and no play '.repeat(1000)))
    .get('/visits', (c) => c.text(String((c.state.session.data.visits = (c.state.session.data.visits ?? 0) + 1))))
    .post('/seat', (c) => { c.state.cookies.signed.set('seat', '12A'); return c.empty() })
    .get('/seat', (c) => c.text(c.state.cookies.signed.get('seat') ?? 'none'))
    .post('/json', [body('json', { bodyBytes: 1000 })], (c) => c.json(c.state.body))
    .post('/upload', async (c) => {
      const seen = []
      for await (const part of multipart(c, { totalBytes: 1e8 })) {
        if (part.kind === 'field') { seen.push([part.name, part.value]); continue }
        const hash = createHash('sha1')
        for await (const chunk of part) hash.update(chunk)
        seen.push([part.name, part.filename, hash.digest('hex')])
      }
      return c.json(seen, 201)
    })
    .get('/events', (c) => sse(c, async (stream) => {
      for (const count of [1, 2]) await stream.send({ event: 'tick', data: { count } })
    }))
    .group('/admin', (g) => g.use(person).get('/', (c) => c.text(c.state.user)))
    .get('/fails', () => { throw new Error('x') })
    .get('/socket', websocket(() => ({})))
    .get('/files/**:path', staticFiles(import.meta.dirname)),
)
`
const bun = `
import { fetch } from './app.ts'
const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch })
console.log('at ' + server.url)
`
const deno = `
import { fetch } from './app.ts'
Deno.serve({ port: 0, hostname: '127.0.0.1', onListen: ({ port }) => console.log('at http://127.0.0.1:' + port + '/') }, fetch)
`
/** Where each finds the sources of the packages: Deno by an import map, Bun by the paths of a tsconfig. */
const ours = ['@spillway/core', '@spillway/parser', '@spillway/parser/fields', '@spillway/parser/serialize']
const imported = [...app.matchAll(/'(@spillway\/[^']+)'/g)].map(([, name]) => name!)
const sources: Record<string, URL> = {}
for (const name of [...ours, ...imported]) {
  const [, of, file = 'index'] = name.split('/')
  sources[name] = new URL(`${of!}/src/${file}.ts`, packages)
}
const paths = Object.fromEntries(Object.entries(sources).map(([name, { pathname }]) => [name, [pathname]]))
writeFileSync(join(folder, 'app.ts'), app)
writeFileSync(join(folder, 'bun.ts'), bun)
writeFileSync(join(folder, 'deno.ts'), deno)
writeFileSync(join(folder, 'a b.txt'), 'a file')
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
writeFileSync(join(folder, 'imports.json'), JSON.stringify({ imports: sources }))
writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { paths } }))

const runtimes = [
  ['bun', 'bun@1.4.5', ['bun.ts']],
  ['deno', 'deno@2.9.6', ['run', '-A', '--no-check', '--no-lock', '--import-map=imports.json', 'deno.ts']],
] as const

describe.each(runtimes)('an application under %s', (_, spec, args) => {
  const env = { ...process.env, DENO_DIR: join(folder, 'deno'), DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }
  const runtime = findPackage(spec)

  withTools(runtime)(spec, { timeout: 20_000 }, () => {
    let child: ChildProcess
    let url = ''
    beforeAll(async () => {
      child = spawn(runtime.path, ['--yes', spec, ...args], {
        cwd: folder,
        env,
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      for (const stream of [child.stdout!, child.stderr!])
        stream.setEncoding('utf8').on('data', (text: string) => (output += text))
      await vi.waitUntil(() => /^at http.*\n/m.test(output) || child.exitCode !== null, {
        timeout: 60_000,
        interval: 20,
      })
      url = /^at (http.*)\/$/m.exec(output)?.[1] ?? ''
      if (url === '') throw new Error(output)
    }, 70_000)
    afterAll(() => {
      // npx is only the parent of what serves
      if (child?.pid) process.kill(-child.pid, 'SIGKILL')
    })

    test('routes, with the fields of every layer', async () => {
      const reply = await fetch(`${url}/hello/J%C3%B6rg`, { headers: { Origin: 'https://app.example' } })
      expect(await reply.text()).toBe('Hello, Jörg')
      expect(reply.headers.get('access-control-allow-origin')).toBe('https://app.example')
      expect(reply.headers.get('content-security-policy')).toContain("'nonce-")
      const wrong = await fetch(`${url}/hello/x`, { method: 'DELETE' })
      expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
      const failed = await fetch(`${url}/fails`)
      expect([failed.status, failed.headers.get('content-type'), failed.headers.get('x-content-type-options')]).toEqual(
        [500, 'application/problem+json', 'nosniff'],
      )
    })

    test('compresses, and answers conditions', async () => {
      const reply = await fetch(`${url}/long`, { headers: { 'Accept-Encoding': 'gzip' } })
      expect((await reply.text()).length).toBe(21_000)
      expect([reply.headers.get('content-encoding'), reply.headers.get('vary')]).toEqual([
        'gzip',
        expect.stringContaining('Accept-Encoding'),
      ])
      const etag = reply.headers.get('etag')!
      expect(etag).toMatch(/^W\/"/)
      expect((await fetch(`${url}/long`, { headers: { 'If-None-Match': etag } })).status).toBe(304)
    })

    test('keeps cookies and sessions', async () => {
      const seat = (await fetch(`${url}/seat`, { method: 'POST' })).headers.getSetCookie()[0]!.split(';')[0]!
      expect(await (await fetch(`${url}/seat`, { headers: { Cookie: seat } })).text()).toBe('12A')
      expect(await (await fetch(`${url}/seat`, { headers: { Cookie: `${seat}x` } })).text()).toBe('none')
      const first = await fetch(`${url}/visits`)
      const session = first.headers.getSetCookie()[0]!.split(';')[0]!
      expect([
        await first.text(),
        await (await fetch(`${url}/visits`, { headers: { Cookie: session } })).text(),
      ]).toEqual(['1', '2'])
    })

    test('refuses those whom it should refuse', async () => {
      expect((await fetch(`${url}/json`, { method: 'POST', headers: { 'Sec-Fetch-Site': 'cross-site' } })).status).toBe(
        403,
      )
      expect((await fetch(`${url}/admin`)).headers.get('www-authenticate')).toContain('Basic')
      expect(
        await (await fetch(`${url}/admin`, { headers: { Authorization: `Basic ${btoa('ali:sesame')}` } })).text(),
      ).toBe('ali')
      expect((await fetch(`${url}/socket`)).status).toBe(426)
    })

    test('reads content', async () => {
      const post = (content: Uint8Array | string, headers = {}) =>
        fetch(`${url}/json`, {
          method: 'POST',
          body: content,
          headers: { 'Content-Type': 'application/json', ...headers },
        })
      expect(await (await post(gzipSync('{"a":1}'), { 'Content-Encoding': 'gzip' })).json()).toEqual({ a: 1 })
      expect((await post(`"${'x'.repeat(1000)}"`)).status).toBe(413)
      expect((await post(gzipSync(Buffer.alloc(1e6)), { 'Content-Encoding': 'gzip' })).status).toBe(413)
      expect((await post('{')).status).toBe(400)
      const file = Buffer.from(Array.from({ length: 3_000_000 }, (_byte, i) => i >> 5))
      const form = new FormData()
      form.append('title', 'ö')
      form.append('file', new Blob([file]), 'a.bin')
      const reply = await fetch(`${url}/upload`, { method: 'POST', body: form })
      expect(await reply.json()).toEqual([
        ['title', 'ö'],
        ['file', 'a.bin', createHash('sha1').update(file).digest('hex')],
      ])
    })

    test('sends events and files', async () => {
      const reply = await fetch(`${url}/events`)
      expect([reply.headers.get('content-type'), await reply.text()]).toEqual([
        'text/event-stream',
        'event: tick\ndata: {"count":1}\n\nevent: tick\ndata: {"count":2}\n\n',
      ])
      const file = await fetch(`${url}/files/a%20b.txt`, { headers: { Range: 'bytes=2-' } })
      expect([file.status, await file.text()]).toEqual([206, 'file'])
      expect((await fetch(`${url}/files/..%2f..%2fetc%2fpasswd`)).status).toBe(404)
    })
  })
})
