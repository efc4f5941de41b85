import type { ChildProcess } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { Server as NetServer, connect, createServer as createNetServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from '@spillway/vitest-config/tools'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ListenOptions, type Listening, type Server, createServer, listenFds, serve } from '../../src/index.ts'
import { buildProgram, linesUntil } from '../programs.ts'
import { get, onlyReply } from '../support.ts'

const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))

let server: Server
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-'))
  server = createServer((c) => c.text(c.peer.address))
})

afterEach(async () => {
  await server.close({ deadline: 0 })
  rmSync(folder, { recursive: true })
})

/** What a client gets that connects to an address, or to a unix socket. */
function askAt(at: { port: number; host: string } | { path: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(at, () => socket.write(get('/', 'Connection: close\r\n')))
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
    socket.on('end', () => resolve(onlyReply(text).body)).on('error', reject)
  })
}

async function ask({ url }: Listening): Promise<string> {
  return (await fetch(url, { headers: { connection: 'close' } })).text()
}

/** A unix socket whose server died: the file is there, and nobody behind it. */
async function abandon(path: string): Promise<void> {
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  await new Promise((resolve) => spawn(process.execPath, ['-e', script, path]).on('exit', resolve))
}

describe('listen', () => {
  it('several times, of several kinds, on one server', async () => {
    const path = join(folder, 'socket')
    const first = await server.listen({ port: 0 })
    const second = await server.listen({ port: 0 })
    await server.listen({ path })
    expect([server.url, server.port]).toEqual([first.url, first.port])
    expect(await Promise.all([ask(first), ask(second), askAt({ path })])).toEqual(['127.0.0.1', '127.0.0.1', ''])
    await server.close({ deadline: 0 })
    await expect(ask(second)).rejects.toThrow('fetch failed')
    expect(existsSync(path)).toBe(false)
  })

  it('while it is being closed is an error, and nothing is left behind', async () => {
    const refused = server.listen({ port: 0 }).catch((error: unknown) => error)
    await server.close()
    expect(await refused).toMatchObject({ message: /closed/ })
  })

  it.each<[string, ListenOptions]>([
    ['a path and a port', { path: '/x', port: 1 }],
    ['a path and an fd', { path: '/x', fd: 3 }],
    ['an fd and a host', { fd: 3, host: 'a' }],
    ['a mode without a path', { port: 0, mode: 0o600 }],
  ])('on %s is a contradiction', async (_, options) => {
    await expect(server.listen(options)).rejects.toThrow(TypeError)
  })
})

describe('addresses', () => {
  it.each<[ListenOptions, RegExp]>([
    [{}, /^http:\/\/127\.0\.0\.1:\d+$/],
    [{ host: '127.0.0.1' }, /^http:\/\/127\.0\.0\.1:\d+$/],
    [{ host: 'localhost' }, /^http:\/\/localhost:\d+$/],
    [{ host: '0.0.0.0' }, /^http:\/\/127\.0\.0\.1:\d+$/],
  ])('%j has a URL that works here', async (options, url) => {
    const at = await server.listen({ port: 0, ...options })
    expect(at.url).toMatch(url)
    expect(await ask(at)).toMatch(/^127\.0\.0\.1$|^::1$/)
  })

  it.skipIf(!hasIPv6).each<[ListenOptions, RegExp]>([
    [{ host: '::1' }, /^http:\/\/\[::1\]:\d+$/],
    [{ host: '::' }, /^http:\/\/localhost:\d+$/],
    [{ host: '::', ipv6Only: true }, /^http:\/\/\[::1\]:\d+$/],
  ])('%j has a URL that works here', async (options, url) => {
    const at = await server.listen({ port: 0, ...options })
    expect(at.url).toMatch(url)
    expect(await ask(at)).toMatch(/^127\.0\.0\.1$|^::1$/)
  })

  it.skipIf(!hasIPv6)('`::` is both families, and IPv4 clients have plain addresses; ipv6Only is one', async () => {
    const both = await server.listen({ port: 0, host: '::' })
    expect(await askAt({ port: both.port, host: '127.0.0.1' })).toBe('127.0.0.1')
    expect(await askAt({ port: both.port, host: '::1' })).toBe('::1')
    const one = await server.listen({ port: 0, host: '::', ipv6Only: true })
    expect(await askAt({ port: one.port, host: '::1' })).toBe('::1')
    await expect(askAt({ port: one.port, host: '127.0.0.1' })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('the backlog', () => {
  it.each<[ListenOptions, number]>([
    [{ port: 0 }, 511],
    [{ port: 0, backlog: 7 }, 7],
  ])('%j asks the kernel for %i', async (at, backlog) => {
    const listen = vi.spyOn(NetServer.prototype, 'listen')
    await server.listen(at)
    expect(listen.mock.lastCall![0]).toMatchObject({ backlog })
    listen.mockRestore()
  })
})

describe('errors say what they mean', () => {
  it('EADDRINUSE', async () => {
    const { port } = await server.listen({ port: 0 })
    const says = `Somebody else listens on port ${port} of 127.0.0.1: end that program, or take another port; \`port: 0\` takes one that is free (EADDRINUSE)`
    const whoListens = async (): Promise<unknown> => {
      await server.listen({ port })
      return undefined
    }
    const error = await whoListens().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'EADDRINUSE', message: says })
    // Where it was asked for, and not the inside of Node, where nobody can do anything.
    expect((error as Error).stack).toContain(`Error: ${says}\n`)
    expect((error as Error).stack).toContain('whoListens')
  })

  it('EADDRNOTAVAIL', async () => {
    await expect(server.listen({ port: 0, host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
      message: /this machine has no such address/,
    })
  })

  it('EACCES', async () => {
    // Root may do anything: a folder on a file system without sockets says no to everybody.
    const error = await server.listen({ path: '/proc/socket' }).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: /EACCES|ENOENT|EPERM/ })
  })

  it('a descriptor that is nothing of the kind', async () => {
    await expect(server.listen({ fd: 4_000 })).rejects.toMatchObject({ message: /descriptor 4000/ })
  })
})

describe('unix sockets', () => {
  it('have the mode they are given', async () => {
    const path = join(folder, 'socket')
    await server.listen({ path, mode: 0o620 })
    expect(statSync(path).mode & 0o777).toBe(0o620)
  })

  it('that a dead server left are replaced', async () => {
    const path = join(folder, 'socket')
    await abandon(path)
    expect(existsSync(path)).toBe(true)
    const { url } = await server.listen({ path })
    expect(url).toBe(`unix:${path}`)
    expect(await askAt({ path })).toBe('')
  })

  it('on which somebody listens are left alone', async () => {
    const path = join(folder, 'socket')
    const other = await serve((c) => c.text('other'), { path })
    await expect(server.listen({ path })).rejects.toMatchObject({ code: 'EADDRINUSE', message: /Somebody else/ })
    expect(await askAt({ path })).toBe('other')
    await other.close({ deadline: 0 })
    expect(existsSync(path)).toBe(false)
  })

  it('files that are no sockets are left alone, and so is what a link leads to', async () => {
    const file = join(folder, 'file')
    writeFileSync(file, 'precious')
    await expect(server.listen({ path: file })).rejects.toMatchObject({ code: 'EADDRINUSE', message: /not a socket/ })
    expect(statSync(file).size).toBe(8)
    const [dead, link] = [join(folder, 'dead'), join(folder, 'link')]
    await abandon(dead)
    symlinkSync(dead, link)
    await expect(server.listen({ path: link })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(existsSync(dead)).toBe(true)
  })

  it('in a folder that is not there', async () => {
    const path = join(folder, 'missing', 'socket')
    await expect(server.listen({ path })).rejects.toMatchObject({
      code: 'ENOENT',
      message: `Cannot listen on ${path}: its folder does not exist (ENOENT)`,
    })
  })

  it.skipIf(process.getuid?.() === 0)('in a folder that is not ours', async () => {
    chmodSync(folder, 0o500)
    await expect(server.listen({ path: join(folder, 'socket') })).rejects.toMatchObject({
      code: 'EACCES',
      message: /No permission/,
    })
    chmodSync(folder, 0o700)
  })
})

describe('listenFds (sd_listen_fds(3))', () => {
  it.each<[string, NodeJS.ProcessEnv, { fd: number; name: string }[]]>([
    ['nothing is passed', {}, []],
    ['for another process', { LISTEN_PID: '8', LISTEN_FDS: '1' }, []],
    ['one', { LISTEN_PID: '7', LISTEN_FDS: '1' }, [{ fd: 3, name: '' }]],
    [
      'two with names',
      { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:admin' },
      [
        { fd: 3, name: 'web' },
        { fd: 4, name: 'admin' },
      ],
    ],
    [
      'fewer names than sockets',
      { LISTEN_PID: '7', LISTEN_FDS: '2', LISTEN_FDNAMES: 'web' },
      [
        { fd: 3, name: 'web' },
        { fd: 4, name: '' },
      ],
    ],
    ['nonsense', { LISTEN_PID: '7', LISTEN_FDS: 'x' }, []],
    ['a negative number', { LISTEN_PID: '7', LISTEN_FDS: '-1' }, []],
    ['a number beyond reason', { LISTEN_PID: '7', LISTEN_FDS: '99999999' }, []],
  ])('%s', (_, env, sockets) => {
    expect(listenFds(env, 7)).toEqual(sockets)
  })

  it('a parent passes two sockets on', async () => {
    const program = await buildProgram('listen-fds', folder)
    const [before, path] = [join(folder, 'before'), join(folder, 'socket')]
    const [tcp, unix] = [await open({ port: 0, host: '127.0.0.1' }), await open({ path: before })]
    const { port } = tcp.address() as { port: number }
    const child = startService(program, [tcp, unix])
    // What the parent would accept, the child would not. Closing removes the file by its name, if it is still there.
    renameSync(before, path)
    tcp.close()
    unix.close()
    expect(await linesUntil(child, /^ready$/)).toEqual([`web http://127.0.0.1:${port}`, 'local fd:4', 'ready'])
    const answers = [await askAt({ port, host: '127.0.0.1' }), await askAt({ path })]
    expect(answers).toEqual([`pid ${child.pid}`, `pid ${child.pid}`])
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.stdin!.end()
    expect(await exited).toBe(0)
    // It belongs to whoever made it.
    expect(existsSync(path)).toBe(true)
  }, 20_000)
})

/** A listening socket of the parent. */
function open(at: { port: number; host: string } | { path: string }): Promise<NetServer> {
  return new Promise((resolve) => {
    const parent = createNetServer()
    parent.listen(at, () => resolve(parent))
  })
}

/** The program, started the way systemd does it: the process knows its number before it is what it will be. */
function startService(program: string, sockets: readonly NetServer[]): ChildProcess {
  const fds = sockets.map((socket) => (socket as unknown as Record<'_handle', { readonly fd: number }>)['_handle'].fd)
  return spawn('sh', ['-c', 'LISTEN_PID=$$ exec "$0" "$1"', process.execPath, program], {
    env: { ...process.env, LISTEN_FDS: String(fds.length), LISTEN_FDNAMES: 'web:local' },
    stdio: ['pipe', 'pipe', 'inherit', ...fds],
  })
}
