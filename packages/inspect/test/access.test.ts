import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Handler } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Inspection } from '../src/site/inspection.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inspection-'))
  writeFileSync(join(folder, 'index.html'), '<!doctype html><html lang="en"><head></head><body>The page</body></html>')
})
afterAll(() => rmSync(folder, { recursive: true }))

interface Asked {
  readonly status: number
  readonly text: string
}
type Ask = (target: string, fields?: string, method?: string, address?: string) => Promise<Asked>

function start(remote = false): { ask: Ask; token: string; cookie: string } {
  const inspection = new Inspection({
    base: '/__spillway/',
    remote,
    always: true,
    isOwn: () => false,
    keepAliveMs: 1,
    headMs: 1,
    version: '0',
    root: pathToFileURL(`${folder}/`),
  })
  const handler: Handler = (c) => inspection.handle(c, c.path.slice('/__spillway/'.length))
  const server = testServer(handler)
  const ask: Ask = async (target, fields = '', method = 'GET', address = '127.0.0.1') => {
    const client = server.connect({ address })
    const host = /^host:/im.test(fields) ? '' : 'Host: localhost:3000\r\n'
    client.send(`${method} ${target} HTTP/1.1\r\n${host}${fields}Connection: close\r\nContent-Length: 0\r\n\r\n`)
    while (client.state === 'open') await client.changed()
    return { status: Number(client.received.slice(9, 12)), text: client.received }
  }
  const token = new URL(inspection.link('http://localhost')).searchParams.get('token')!
  return { ask, token, cookie: `Cookie: a=b; spillway-inspector=${token}\r\n` }
}

const page = '/__spillway/'
const api = '/__spillway/api/har'

describe('the page', () => {
  it('is for whoever has the link, which becomes a cookie of one path that no other site sends', async () => {
    const { ask, token, cookie } = start()
    const first = await ask(`${page}?token=${token}`)
    expect(first.status).toBe(303)
    expect(first.text).toMatch(/^location: \/__spillway\/\r$/im)
    expect(first.text).toContain(`spillway-inspector=${token}; Path=/__spillway/; HttpOnly; SameSite=Strict`)
    const second = await ask(page, cookie)
    expect(second).toMatchObject({ status: 200 })
    expect(second.text).toContain('The page')
    expect(second.text).toContain("frame-ancestors 'none'")
    expect(second.text).toContain("default-src 'none'")
    expect(second.text).toMatch(/x-content-type-options: nosniff/i)
  })

  it.each([
    ['without the cookie', page, ''],
    ['with a wrong cookie', page, 'Cookie: spillway-inspector=AAAA\r\n'],
    ['with a wrong token', `${page}?token=AAAA`, ''],
    ['with an empty token', `${page}?token=`, ''],
  ])('is for nobody %s', async (_, target, fields) => {
    const { ask } = start()
    expect((await ask(target, fields)).status).toBe(403)
  })

  it.each([
    ['a page of another site', 'Sec-Fetch-Site: cross-site\r\n'],
    ['a page of another port', 'Sec-Fetch-Site: same-site\r\nOrigin: http://localhost:9999\r\n'],
    ['another origin', 'Origin: http://evil.example\r\n'],
    ['an opaque origin', 'Origin: null\r\n'],
    ['a name that was made to lead here', 'Host: evil.example:3000\r\n'],
    ['a name that ends as ours does', 'Host: evil-localhost\r\n'],
  ])('is not for %s, even with the cookie', async (_, fields) => {
    const { ask, cookie } = start()
    for (const [target, method] of [
      [page, 'GET'],
      [api, 'GET'],
      ['/__spillway/events', 'GET'],
      ['/__spillway/api/wire/1', 'GET'],
      ['/__spillway/api/send/GET', 'POST'],
    ] as const)
      expect([target, (await ask(target, fields + cookie, method)).status]).toEqual([target, 403])
  })

  it('acts for its own page only: what is typed by hand does nothing', async () => {
    const { ask, cookie } = start()
    expect((await ask('/__spillway/api/send/GET', `Sec-Fetch-Site: none\r\n${cookie}`, 'POST')).status).toBe(403)
    expect((await ask(page, `Sec-Fetch-Site: none\r\n${cookie}`)).status).toBe(200)
  })

  it('is not for other machines, unless that was asked for', async () => {
    const { ask, cookie } = start()
    for (const address of ['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::1'])
      expect((await ask(page, cookie, 'GET', address)).status).toBe(403)
    for (const address of ['::1', '::ffff:127.0.0.1', '127.0.0.9'])
      expect((await ask(page, cookie, 'GET', address)).status).toBe(200)
    const open = start(true)
    expect((await open.ask(page, `Host: build.example\r\n${open.cookie}`, 'GET', '192.0.2.1')).status).toBe(200)
    expect((await open.ask(page, 'Host: build.example\r\n', 'GET', '192.0.2.1')).status).toBe(403)
  })

  it('has no files but its own', async () => {
    const { ask, cookie } = start()
    for (const target of [
      '/__spillway/../etc/passwd',
      '/__spillway/%2e%2e/index.html',
      '/__spillway/a/index.html',
      '/__spillway/no',
    ])
      expect((await ask(target, cookie)).status).toBe(404)
    expect((await ask(page, cookie, 'DELETE')).status).toBe(404)
  })
})
