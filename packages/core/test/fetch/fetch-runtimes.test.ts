import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPackage, spawn, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

const sources = new URL('../../../', import.meta.url)
const folder = mkdtempSync(join(tmpdir(), 'spillway-runtimes-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The application, which knows nothing of the runtime it is on. */
const app = `
import { toFetch } from ${JSON.stringify(new URL('core/src/web.ts', sources).href)}
const ended = []
async function* ticks(c) {
  try { for (let i = 0; ; i++) { yield 'tick ' + i + '\\n'; await new Promise((r) => setTimeout(r, 5)) } }
  finally { ended.push('source') }
}
export const fetch = toFetch(async (c) => {
  if (c.path === '/echo') return c.stream(c.body.stream(), { headers: { 'X-Length': String(c.body.length) } })
  if (c.path === '/large') return c.text(await c.body.text(1000))
  if (c.path === '/cookies') { const r = c.text('four'); r.headers.append('Set-Cookie', 'a=1').append('Set-Cookie', 'b=2'); return r }
  if (c.path === '/ticks') { c.done((o) => ended.push(o.kind)); return c.stream(ticks(c)) }
  if (c.path === '/ended') return c.json(ended)
  if (c.path === '/fail') throw Object.assign(new Error('tea'), { status: 418, expose: true })
  if (c.path === '/empty') return c.empty()
  if (c.path === '/request') return c.text(c.request.method + new URL(c.request.url).pathname)
  return c.json({ method: c.method, path: c.path, search: c.search, host: c.headers.get('host'), peer: c.peer.address, port: c.peer.port > 0 })
})
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
// How each finds the packages' sources. Deno has import maps, Bun the paths of a tsconfig.
const names = ['parser', 'parser/serialize', 'parser/fields']
const imports = Object.fromEntries(
  names.map((name) => {
    const [folderOf, file = 'index'] = name.split('/')
    return [`@spillway/${name}`, new URL(`${folderOf!}/src/${file}.ts`, sources).href]
  }),
)

writeFileSync(join(folder, 'app.ts'), app)
writeFileSync(join(folder, 'bun.ts'), bun)
writeFileSync(join(folder, 'deno.ts'), deno)
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
writeFileSync(join(folder, 'imports.json'), JSON.stringify({ imports }))

const runtimes = [
  ['bun', 'bun@1.4.5', ['bun.ts']],
  ['deno', 'deno@2.9.6', ['run', '--allow-net', '--allow-env', '--no-check', '--import-map=imports.json', 'deno.ts']],
] as const

describe.each(runtimes)('toFetch under %s', (name, spec, args) => {
  const env = { ...process.env, DENO_DIR: join(folder, 'deno'), DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1' }
  const runtime = findPackage(spec)

  withTools(runtime)(spec, () => {
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
      await vi.waitUntil(() => /^at http.*\n/m.test(output), { timeout: 30_000, interval: 20 })
      url = /^at (http.*)\/$/m.exec(output)![1]!
    }, 40_000)
    afterAll(() => {
      // npx is only the parent of what serves
      if (child?.pid) process.kill(-child.pid, 'SIGKILL')
    })

    it('answers with the same context', async () => {
      const response = await fetch(`${url}/a%20b?x=1`)
      expect(response.headers.get('content-type')).toBe('application/json')
      const host = new URL(url).host
      const peer = '127.0.0.1'
      const seen = (await response.json()) as { peer: string }
      expect({ ...seen, peer: seen.peer.replace('::ffff:', '') }).toEqual({
        method: 'GET',
        path: '/a%20b',
        search: '?x=1',
        host,
        peer,
        port: true,
      })
      expect(await (await fetch(`${url}/request`)).text()).toBe('GET/request')
    })

    it('streams content both ways', async () => {
      const response = await fetch(`${url}/echo`, { method: 'POST', body: 'x'.repeat(1_000_000) })
      expect([response.headers.get('x-length'), (await response.text()).length]).toEqual(['1000000', 1_000_000])
    })

    it('refuses what is too large, and says so', async () => {
      const response = await fetch(`${url}/large`, { method: 'POST', body: 'x'.repeat(1001) })
      expect(response.status).toBe(413)
    })

    it('HEAD, 204, cookies and errors', async () => {
      const head = await fetch(`${url}/cookies`, { method: 'HEAD' })
      expect([head.status, head.headers.getSetCookie(), await head.text()]).toEqual([200, ['a=1', 'b=2'], ''])
      expect(head.headers.get('content-length')).toBe('4')
      expect((await fetch(`${url}/empty`)).status).toBe(204)
      const failed = await fetch(`${url}/fail`)
      expect([failed.status, await failed.text()]).toEqual([418, 'tea\n'])
    })

    it('a client that leaves ends the source', async () => {
      const leaving = new AbortController()
      const response = await fetch(`${url}/ticks`, { signal: leaving.signal })
      await response.body!.getReader().read()
      leaving.abort()
      const ended = async (): Promise<unknown> => (await fetch(`${url}/ended`)).json()
      await expect.poll(ended, { timeout: 5000 }).toEqual(expect.arrayContaining(['aborted', 'source']))
    })
  })
})
