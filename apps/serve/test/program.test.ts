import { chmodSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { execFileSync, findTool, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Run, buildProgram, folderWith } from './program.ts'

let file: string
let remove: () => void

beforeAll(async () => {
  ;({ file, remove } = await buildProgram())
}, 60_000)

afterAll(() => remove())

const curl = findTool('curl')
const local = ['--host', '127.0.0.1', '--port', '0']
const site = { 'index.html': '<h1>home</h1>' }

describe('the program', { timeout: 60_000 }, () => {
  it('serves, logs, and sums up when it is told to end', async () => {
    const run = new Run(file, [folderWith(site), ...local])
    const url = await run.url()
    expect(await (await fetch(url)).text()).toBe('<h1>home</h1>')
    await (await fetch(`${url}/missing`)).text()
    await vi.waitFor(() => expect(run.out).toMatch(/ GET \/missing 404 /))
    expect(run.out).toMatch(/ GET \/ 200 /)
    expect(run.out).not.toContain('\u001B[')
    run.child.kill('SIGINT')
    run.child.kill('SIGINT') // npx passes on what the terminal has sent already
    expect(await run.end()).toBe(0)
    expect(run.out).toMatch(/spillway served 2 requests, \d+ B sent, \d connections?, 1 with an error in \d+ s\n$/)
  })

  it('finishes what is under way', async () => {
    const run = new Run(file, [folderWith({ 'big.bin': 'x'.repeat(8_000_000) }), ...local, '--log', 'none'])
    const { port } = new URL(await run.url())
    const socket = connect(Number(port), '127.0.0.1')
    let bytes = 0
    socket.write('GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n')
    await new Promise((resolve) => socket.once('readable', resolve))
    run.child.kill('SIGTERM')
    await vi.waitFor(() => expect(connectFails(Number(port))).resolves.toBe(true), { timeout: 20_000 })
    for await (const piece of socket) bytes += (piece as Buffer).length
    expect(bytes).toBeGreaterThan(8_000_000)
    expect(await run.end()).toBe(0)
  })

  it('logs JSON and nothing else, for machines', async () => {
    const run = new Run(file, [folderWith(site), '--host', '127.0.0.1', '--port', await unused(), '--log', 'json'])
    const port = run.child.spawnargs.at(-3)!
    await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200), {
      timeout: 20_000,
    })
    run.child.kill('SIGTERM')
    expect(await run.end()).toBe(0)
    const lines = run.out.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ method: 'GET', target: '/', status: 200 }),
    ])
  })

  it('takes another port when the usual one is in use, and says so when a chosen one is', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void taken.close())
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as AddressInfo
    const run = new Run(file, [folderWith(site), '--host', '127.0.0.1', '--port', String(port)])
    expect(await run.end()).toBe(1)
    expect(run.err).toMatch(`spillway: Port ${port} is in use. Without --port and PORT a free one is taken`)
    const other = new Run(file, [folderWith(site), '--host', '127.0.0.1'])
    expect((await fetch(await other.url())).status).toBe(200)
  })

  it('reads its configuration file, and the command line wins', async () => {
    const cwd = folderWith({
      'spillway.config.json': '{ "folder": "web", "log": "none", "header": ["X-From: file"], "spa": true }',
      'web/index.html': 'home',
    })
    const run = new Run(file, [...local, '--header', 'X-From: line'], { cwd })
    const response = await fetch(`${await run.url()}/users/1`, { headers: { accept: 'text/html' } })
    expect([await response.text(), response.headers.get('x-from')]).toEqual(['home', 'line'])
  })

  it('listens where PORT says, unless somebody has said more', async () => {
    const port = await unused()
    const env = { PORT: port }
    const run = new Run(file, [folderWith(site), '--host', '127.0.0.1'], { env })
    expect(new URL(await run.url()).port).toBe(port)
    const other = new Run(file, [folderWith(site), ...local], { env })
    expect(new URL(await other.url()).port).not.toBe(port)
    const wrong = new Run(file, [folderWith(site)], { env: { PORT: 'http' } })
    expect(await wrong.end()).toBe(2)
    expect(wrong.err).toBe('spillway: PORT takes a whole number from 0 to 65535, not "http"\n')
  })

  it.each([
    [['-l', '8080'], /^spillway: --listing takes no value; the port is --port 8080\n$/],
    [['nowhere'], /^spillway: There is no folder .*nowhere\n$/],
    [['package.json'], /^spillway: .*package\.json is a file; name the folder that it is in\n$/],
    [['--prot', '1'], /^spillway: There is no --prot\. Did you mean --port\?\n$/],
    [['--config', 'none.json'], /^spillway: Cannot read none\.json \(ENOENT\)\n$/],
    [
      ['--host', '203.0.113.1', '--port', '0'],
      /^spillway: --host: 203\.0\.113\.1 is not an address of this machine\n$/,
    ],
    [['--host', 'nowhere.invalid'], /^spillway: --host: There is no address for nowhere\.invalid\n$/],
    [['dve'], /^spillway: There is no folder .*dve\. Did you mean spillway dev\?\n$/],
    [[''], /^spillway: There is no folder ""\n$/],
    [['--cert', 'no.pem', '--key', 'no.pem'], /^spillway: --cert: cannot read no\.pem \(ENOENT\)\n$/],
  ])('%j is told in one line', async (args, message) => {
    const run = new Run(file, args, { cwd: folderWith({ 'package.json': '{}' }) })
    expect(await run.end()).toBe(args.includes('--host') ? 1 : 2)
    expect(run.err).toMatch(message)
    expect(run.out).toBe('')
  })

  // Root may read everything, and Windows has other permissions.
  it.skipIf(process.platform === 'win32' || process.getuid!() === 0)(
    'a folder without permission is told',
    async () => {
      const cwd = folderWith({ 'closed/index.html': '', 'silent/index.html': 'found' })
      chmodSync(join(cwd, 'closed'), 0o600)
      chmodSync(join(cwd, 'silent'), 0o300)
      for (const args of [['closed'], ['silent', '--listing']]) {
        const run = new Run(file, args, { cwd })
        expect(await run.end()).toBe(2)
        expect(run.err).toMatch(/^spillway: There is no permission to read .*(?:closed|silent)\n$/)
      }
      const run = new Run(file, ['silent', ...local], { cwd })
      expect(await (await fetch(await run.url())).text()).toBe('found')
    },
  )

  it('says what a visitor of the first page would miss', async () => {
    const run = new Run(file, [folderWith({ 'a.txt': 'a' }), ...local])
    await run.url()
    await vi.waitFor(() => expect(run.out).toContain('there is no index.html; --listing shows what there is'))
    const other = new Run(file, [folderWith(site), ...local])
    await other.url()
    await vi.waitFor(() => expect(other.out).toContain('Ctrl-C ends it'))
    expect(other.out).not.toContain('index.html')
  })

  it('tells of a server behind it that is down in one line, and of requests that are none', async () => {
    const port = await unused()
    const run = new Run(file, [folderWith(site), ...local, '--proxy', `/api=http://127.0.0.1:${port}`])
    const url = await run.url()
    expect((await fetch(`${url}/api/x`)).status).toBe(502)
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    socket.end('nonsense\r\n\r\n')
    for await (const _ of socket);
    await vi.waitFor(() => expect(run.out).toMatch(/ INVALID_METHOD 400\n/))
    await vi.waitFor(() => expect(run.out).toMatch(/ GET \/api\/x 502 /))
    run.child.kill('SIGTERM')
    await run.end()
    expect(run.err).toBe(`GET /api/x: http://127.0.0.1:${port}/api: connect ECONNREFUSED 127.0.0.1:${port}\n`)
  })

  it('helps', async () => {
    const run = new Run(file, ['--help'])
    expect(await run.end()).toBe(0)
    expect(run.out).toContain('-p, --port number')
    expect(run.out.split('\n').every((line) => line.length <= 100)).toBe(true)
    const version = new Run(file, ['-v'])
    expect([await version.end(), version.out]).toEqual([0, '1.2.3\n'])
  })

  it('uses every core, and sums up what all of them did', async () => {
    const run = new Run(file, [folderWith(site), ...local, '--cluster'])
    const url = await run.url()
    expect(run.out).toMatch(/\d+ workers/)
    for (let i = 0; i < 6; i++) await (await fetch(url, { headers: { connection: 'close' } })).text()
    run.child.kill('SIGTERM')
    expect(await run.end()).toBe(0)
    expect(run.out).toMatch(/spillway served 6 requests/)
  })
})

withTools(curl)('with curl', { timeout: 60_000 }, () => {
  it('a download is resumed', async () => {
    const content = Array.from({ length: 10_000 }, (_, i) => `line ${i}\n`).join('')
    const run = new Run(file, [folderWith({ 'data.txt': content }), ...local])
    const cwd = folderWith({ 'data.txt': content.slice(0, 12_345) })
    execFileSync(curl.path, ['-sS', '-C', '-', '-O', `${await run.url()}/data.txt`], { cwd })
    expect(readFileSync(join(cwd, 'data.txt'), 'utf8')).toBe(content)
  })
})

async function unused(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return String(port)
}

function connectFails(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
}
