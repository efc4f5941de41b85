import { existsSync, renameSync } from 'node:fs'
import { type AddressInfo, type Server as NetServer, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { type TLSSocket, connect as connectTls } from 'node:tls'
import { spawn, withTools } from '@spillway/vitest-config/tools'
import { describe, expect, it } from 'vitest'
import { makeAuthority, openssl } from '../certificates.ts'
import { everyWorker } from '../../src/cluster.ts'
import { get, onlyReply, until } from '../support.ts'
import { type Program, clusterProgram, fetchText, holdRequest, told } from './support.ts'

const { folder, launch } = clusterProgram()

/** What a client gets that connects to an address, or to a unix socket. */
function askAt(at: { port: number; host: string } | { path: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(at, () => socket.write(get('/', 'Connection: close\r\n')))
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
    socket.on('end', () => resolve(onlyReply(text).body)).on('error', reject)
  })
}

/** A unix socket whose server died: the file is there, and nobody behind it. */
async function abandon(path: string): Promise<void> {
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  await new Promise((resolve) => spawn(process.execPath, ['-e', script, path]).on('exit', resolve))
}

describe.each(['round-robin', 'kernel'] as const)('unix sockets, balance: %s', { timeout: 30_000 }, (balance) => {
  it('that a dead cluster left are replaced at the first start', async () => {
    const path = join(folder(), balance)
    await abandon(path)
    const program = launch({ options: { workers: 4, balance }, env: { AT: JSON.stringify({ path, mode: 0o600 }) } })
    const pids = await program.ready()
    expect(pids).toHaveLength(4)
    expect(pids).toContain(Number.parseInt(await askAt({ path }), 10))
    expect(program.errors).toBe('')
    await program.ask('close')
    expect(existsSync(path)).toBe(false)
  })

  it('on which somebody else listens are left alone', async () => {
    const path = join(folder(), `${balance}-taken`)
    const other = createServer((socket) => socket.on('error', () => {}).end('other')).listen(path)
    const program = launch({ options: { balance, restart: { attempts: 1 } }, env: { AT: JSON.stringify({ path }) } })
    expect((await program.gone).code).toBe(1)
    expect(program.errors).toContain('Somebody else listens on')
    expect(existsSync(path)).toBe(true)
    await new Promise((resolve) => other.close(resolve))
  })
})

describe.each(['round-robin', 'kernel'] as const)('inherited sockets, balance: %s', { timeout: 30_000 }, (balance) => {
  it('are served by every worker, before and after a reload', async () => {
    const { program, port, path } = await inherit(balance, 2)
    expect(await program.ready()).toHaveLength(2)
    for (const at of [{ port, host: '127.0.0.1' }, { path }])
      expect(await program.ready()).toContain(Number.parseInt(await askAt(at), 10))
    await program.ask('reload')
    for (const at of [{ port, host: '127.0.0.1' }, { path }])
      expect(await program.ready()).toContain(Number.parseInt(await askAt(at), 10))
    await program.ask('close')
    // It belongs to whoever made it.
    expect(existsSync(path)).toBe(true)
  })

  it('are gone with the last worker: the cluster ends, to be started again with them', async () => {
    const { program } = await inherit(balance, 1)
    const [only] = await program.ready()
    process.kill(only!, 'SIGKILL')
    expect((await program.gone).code).toBe(1)
    expect(program.errors).toMatch(/inherited sockets/)
  })
})

/** Starts the program the way systemd does: its sockets are open, and its number is known to it. */
async function inherit(balance: 'round-robin' | 'kernel', workers: number) {
  const [before, path] = [join(folder(), `before-${balance}`), join(folder(), `inherited-${balance}-${workers}`)]
  const [tcp, unix] = [await open({ port: 0, host: '127.0.0.1' }), await open({ path: before })]
  const { port } = tcp.address() as AddressInfo
  const fds = [tcp, unix].map(
    (socket) => (socket as unknown as Record<'_handle', { readonly fd: number }>)['_handle'].fd,
  )
  const program = launch({
    options: { workers, balance },
    env: { AT: 'inherited', LISTEN_FDS: String(fds.length) },
    under: ['sh', '-c', 'LISTEN_PID=$$ exec "$0" "$@"'],
    fds,
  })
  renameSync(before, path)
  tcp.close()
  unix.close()
  return { program, port, path }
}

function open(at: { port: number; host: string } | { path: string }): Promise<NetServer> {
  return new Promise((resolve) => {
    const parent = createServer()
    parent.listen(at, () => resolve(parent))
  })
}

withTools(openssl)('session tickets', { timeout: 30_000 }, () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('of one worker are taken by all, %s', async (version) => {
    const authority = makeAuthority()
    const { cert, key } = authority.issue('localhost', ['localhost'])
    const tls = { cert, key, sni: { 'a.example.org': { cert, key } } }
    const program = launch({ options: { workers: 4 }, env: { AT: JSON.stringify({ port: 0, tls }) } })
    await program.ready()
    for (const servername of ['localhost', 'a.example.org']) {
      const { session } = await visit(program, { servername, version })
      const seen = new Set<string>()
      while (seen.size < 4) {
        const { pid, reused } = await visit(program, { servername, version, session })
        expect(reused).toBe(true)
        seen.add(pid)
      }
    }
    // Also of those that come later.
    const { session } = await visit(program, { servername: 'localhost', version })
    await program.ask('reload')
    expect((await visit(program, { servername: 'localhost', version, session })).reused).toBe(true)
    authority.remove()
  })
})

interface Visit {
  readonly servername: string
  readonly version: 'TLSv1.2' | 'TLSv1.3'
  readonly session?: Buffer | undefined
}

/** One request on a TLS connection of its own. */
async function visit({ url }: Program, { servername, version, session }: Visit) {
  let ticket: Buffer | undefined
  const socket: TLSSocket = connectTls({
    port: Number(url.port),
    host: '127.0.0.1',
    servername,
    rejectUnauthorized: false,
    maxVersion: version,
    session,
  })
  socket.on('session', (one: Buffer) => (ticket = one))
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  const ended = new Promise((resolve, reject) => socket.on('end', resolve).on('error', reject))
  socket.write(get('/', 'Connection: close\r\n'))
  await ended
  await until(() => ticket !== undefined || session !== undefined)
  return { pid: onlyReply(text).body.trim(), reused: socket.isSessionReused(), session: ticket }
}

describe('signals to the whole group', { timeout: 30_000 }, () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGQUIT'] as const)('%s ends it in order, and starts no worker', async (signal) => {
    const program = launch({ options: { signals: ['SIGTERM', 'SIGINT', 'SIGQUIT'] }, detached: true })
    await program.ready()
    const from = program.lines.length
    process.kill(-program.child.pid!, signal)
    expect(await program.gone).toEqual({ code: 0, signal: null })
    expect(program.lines.slice(from).filter(told({ state: 'starting' }))).toEqual([])
    expect(program.lines.slice(from).filter(told({ state: 'ended', code: 0 }))).toHaveLength(2)
  })
})

describe('a question to every worker', { timeout: 30_000 }, () => {
  it('is answered by all, whichever is asked, and without those that fail', async () => {
    const program = launch({ options: { workers: 3 } })
    const workers = (await program.ready()).map((value, i) => ({ worker: i + 1, value }))
    for (let i = 0; i < 4; i++) expect(JSON.parse(await fetchText(program.url, '/all'))).toEqual(workers)
    await program.ask('reload')
    const after = (await program.ready()).map((value, i) => ({ worker: i + 1, value }))
    expect(JSON.parse(await fetchText(program.url, '/all'))).toEqual(after)
    const broken = launch({ options: { workers: 3 }, env: { SILENT: '2' } })
    await broken.ready()
    const answers = JSON.parse(await fetchText(broken.url, '/all')) as { worker: number }[]
    expect(answers.map(({ worker }) => worker)).toEqual([1, 3])
  })

  it('outside of a cluster is answered by the one', async () => {
    expect(await everyWorker('alone', () => 7)()).toEqual([{ worker: 0, value: 7 }])
  })
})

it('close, called again with a shorter deadline, hurries', { timeout: 30_000 }, async () => {
  const program = launch({ options: { workers: 1 } })
  await program.ready()
  const held = await holdRequest(program.url)
  const first = program.ask('finish')
  await program.saw(({ shutdown }) => shutdown !== undefined)
  expect(await program.ask('close')).toEqual({ drained: 1, killed: 0 })
  expect(await first).toEqual({ drained: 1, killed: 0 })
  expect(await held.finish()).not.toMatch(/held$/)
})
