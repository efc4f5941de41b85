import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { programFromSources } from '@spillway/tsup-config'
import { spawnSync } from '@spillway/vitest-config/tools'
import { build } from 'tsup'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-node-'))
  await build({
    ...programFromSources,
    entry: { installed: fileURLToPath(new URL('../src/index.ts', import.meta.url)) },
    outDir: folder,
  })
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What a program prints that is started with `--import`, and what it says on stderr. */
function run(
  name: string,
  program: string,
  { args = [], env = {} }: { args?: string[]; env?: Record<string, string> } = {},
): [string, string] {
  const file = join(folder, name)
  writeFileSync(file, program)
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...args, '--import', `file://${folder}/installed.mjs`, file],
    {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      timeout: 15_000,
    },
  )
  return [stdout.trim(), stderr.trim()]
}

/** A program that asks its own server and prints what the reply shows of who served it. */
const asks = (make: string): string => `
  const server = ${make}
  server.on('request', (req, res) => { res.sendDate = false; res.end(String(server instanceof http.Server)) })
  server.listen(0, () => http.get({ port: server.address().port, agent: false }, (res) => {
    res.setEncoding('utf8').on('data', (text) => console.log(text, res.headers.date ? 'Spillway' : 'node:http'))
    server.close()
  }))
`

describe('--import', () => {
  test.each([
    ['a.mjs', `import http, { createServer } from 'node:http'; ${asks('createServer()')}`],
    ['b.mjs', `import http, { Server } from 'http'; ${asks('new Server()')}`],
    ['c.cjs', `const http = require('http'); ${asks('http.createServer({})')}`],
    ['d.cjs', `const http = require('node:http'); ${asks('http.Server()')}`],
    ['e.cjs', `const http = require('node:http'); class Mine extends http.Server {}; ${asks('new Mine()')}`],
    [
      'f.cjs',
      `const http = require('node:http'); function Mine() { http.Server.call(this) }; require('util').inherits(Mine, http.Server); ${asks('new Mine()')}`,
    ],
  ])('serves %s, and says so once', (name, program) => {
    const [out, error] = run(name, program)
    expect([out, error]).toEqual(['true Spillway', expect.stringMatching(/^Spillway serves .*$/)])
    expect(run(name, program, { env: { SPILLWAY_QUIET: '1' } })[1]).toBe('')
  })

  test('refuses what it cannot be, with the reason, or leaves it to Node', () => {
    const program = `import http, { createServer } from 'node:http'; ${asks('createServer({ insecureHTTPParser: true })')}`
    const [, refused] = run('refused.mjs', program)
    expect(refused).toMatch(/Spillway cannot be this server: insecureHTTPParser .*SPILLWAY_FALLBACK=1/)
    expect(refused).toContain('ERR_SPILLWAY_REFUSED')
    const [out, told] = run('left.mjs', program, { env: { SPILLWAY_FALLBACK: '1', SPILLWAY_QUIET: '1' } })
    expect([out, told]).toEqual([
      expect.stringContaining('node:http'),
      expect.stringMatching(/^node:http is this server/),
    ])
  })

  test.each([
    'requireHostHeader: false',
    'ServerResponse: class {}',
    'IncomingMessage: class {}',
    'shouldUpgradeCallback: () => true',
  ])('refuses %s', (options) => {
    const program = `import http from 'node:http'; try { http.createServer({ ${options} }) } catch (error) { console.log(error.code) }`
    expect(run('options.mjs', program)[0]).toBe('ERR_SPILLWAY_REFUSED')
  })

  test('does not start beside a lenient parser', () => {
    expect(run('lenient.mjs', '', { args: ['--insecure-http-parser'] })[1]).toContain('--insecure-http-parser')
  })

  test('leaves clients alone', () => {
    const program = `import http from 'node:http'; console.log(new http.IncomingMessage().constructor.name, typeof http.request, http.Agent.name)`
    expect(run('clients.mjs', program)[0]).toBe('IncomingMessage function Agent')
  })
})
