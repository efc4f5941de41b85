import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ListenOptions, type Server, serve } from '../../src/index.ts'
import { buildProgram, linesUntil } from '../programs.ts'
import { until } from '../support.ts'

let folder: string
let program: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-held-'))
  program = await buildProgram('held', folder)
})

afterAll(() => rmSync(folder, { recursive: true }))

describe('what holds a process', () => {
  it.each(['unref', 'disposed'])('not a server that is %s', async (MODE) => {
    const child = spawn(process.execPath, [program], { env: { ...process.env, MODE } })
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  })

  it.each(['listening', 'ref'])('a server that is %s', async (MODE) => {
    const child = spawn(process.execPath, [program], { env: { ...process.env, MODE } })
    const [url] = await linesUntil(child, /^http/)
    expect(await (await fetch(url!, { headers: { connection: 'close' } })).text()).toBe('held')
    expect(child.exitCode).toBe(null)
    child.kill()
    await new Promise((resolve) => child.once('exit', resolve))
  })

  it('a server in a worker thread serves, and closes in order', async () => {
    const child = spawn(process.execPath, [program], { env: { ...process.env, MODE: 'thread' } })
    const gone = new Promise((resolve) => child.once('exit', resolve))
    const lines = await linesUntil(child, /drained/)
    expect(lines.slice(1)).toEqual(['from a thread', '{"drained":1,"killed":0}'])
    expect(await gone).toBe(0)
  })
})

/** Since 22.12 and 23.1 (there is none of 21). */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const knowsReusePort = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)

describe('reusePort', () => {
  it.skipIf(knowsReusePort)('is an error where Node does not know it, for it would do nothing', async () => {
    const refused = serve((c) => c.text('x'), { port: 0, reusePort: true })
    await expect(refused).rejects.toThrow('needs Node.js 22.12 or 23.1')
  })

  it.skipIf(!knowsReusePort || process.platform !== 'linux')('lets two servers listen on one port', async () => {
    await using first = await serve((c) => c.text('x'), { port: 0, reusePort: true })
    await using second = await serve((c) => c.text('x'), { port: first.port, reusePort: true })
    expect(second.port).toBe(first.port)
    await expect(serve((c) => c.text('x'), { port: first.port })).rejects.toThrow('EADDRINUSE')
  })

  it.each<ListenOptions>([{ path: '/x' }, { fd: 3 }])('is for a host and port, not for %j', async (at) => {
    await expect(serve((c) => c.text('x'), { ...at, reusePort: true })).rejects.toThrow(TypeError)
  })
})

describe.skipIf(process.platform !== 'linux')('TCP keep-alive', () => {
  it.each<[ListenOptions, string, number]>([
    [{}, '02', 60],
    [{ keepAliveProbe: 5000 }, '02', 5],
    [{ keepAliveProbe: 0 }, '00', 0],
  ])('%j', async (options, kind, seconds) => {
    const server = await serve((c) => c.text('x'), { port: 0, ...options })
    const socket = connect(server.port, '127.0.0.1')
    await until(() => server.stats.open === 1)
    expect(timerOf(server)?.kind).toBe(kind)
    expect(timerOf(server)!.seconds).toBeLessThanOrEqual(seconds)
    expect(timerOf(server)!.seconds).toBeGreaterThanOrEqual(seconds / 2)
    socket.destroy()
    await server.close({ deadline: 0 })
  })
})

/** The timer of the server's side of a connection, as the kernel tells it (proc_net_tcp). */
function timerOf({ port }: Server): { readonly kind: string; readonly seconds: number } | undefined {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const established = '01'
  const line = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((text) => text.trim().split(/\s+/))
    .find((parts) => parts[1] === local && parts[3] === established)
  const [kind, when] = line?.[5]?.split(':') ?? []
  return kind === undefined ? undefined : { kind, seconds: Number.parseInt(when!, 16) / 100 }
}
