// The cost of an idle connection: bytes of V8 (heap and external memory), and of the process.
//   node apps/bench/dist/idle.js [connections]
// A process allocates memory in large pieces, so use many connections: a bare socket costs 6.4 KB with 2,000, 3.5 KB with 10,000.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { type Socket, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { countsOf } from '@spillway/command-line'
import { ignore } from '@spillway/core'
import { makeCertificate } from './bench.ts'
import { freePort } from '@spillway/vitest-config/free-port'

interface Memory {
  readonly js: number
  readonly resident: number
}

type Opened = Socket | ClientHttp2Session

const { connections: count } = countsOf('idle', { connections: 10_000 })
const folder = mkdtempSync(join(tmpdir(), 'spillway-idle-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
makeCertificate({ folder })

const hello = 'GET /plaintext HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** Resolves when part of a response has arrived. */
async function ask(socket: Socket, request: string): Promise<Socket> {
  socket.write(request)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  const text = answer.toString('latin1')
  if (!/^HTTP\/1.1 (?:200|101)/.test(text)) throw new Error(`answered ${text}`)
  return socket.resume()
}

function upgrade(path: string): string {
  const key = randomBytes(16).toString('base64')
  const fields = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}`
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n\r\n`
}

async function plain(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', ignore)
  await once(socket, 'connect')
  return socket
}

async function secure(port: number): Promise<Socket> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }).on('error', ignore)
  await once(socket, 'secureConnect')
  return socket
}

async function http2(port: number): Promise<ClientHttp2Session> {
  const session = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false }).on('error', ignore)
  await once(session, 'connect')
  const stream = session.request({ ':path': '/plaintext' })
  stream.resume()
  await once(stream, 'end')
  return session
}

/** Ways to open a connection, and the servers that support them. */
const kinds: readonly (readonly [string, readonly string[], boolean, (port: number) => Promise<Opened>])[] = [
  ['HTTP/1.1', ['raw-net', 'spillway', 'node-http'], false, async (port) => ask(await plain(port), hello)],
  ['HTTP/1.1 over TLS', ['spillway', 'node-http'], true, async (port) => ask(await secure(port), hello)],
  ['HTTP/2 over TLS', ['spillway', 'node-http2'], true, http2],
  ['WebSocket', ['spillway', 'ws'], false, async (port) => ask(await plain(port), upgrade('/echo'))],
  ['WebSocket of a topic', ['spillway', 'ws'], false, async (port) => ask(await plain(port), upgrade('/publish'))],
]

for (const [kind, servers, tls, open] of kinds)
  for (const server of servers) {
    const { js, resident } = await costOf(server, tls, open)
    console.log(`${kind.padEnd(22)}${server.padEnd(12)}${js.toFixed(0).padStart(8)}${resident.toFixed(0).padStart(8)}`)
  }
process.exit()

function file(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

/** Bytes per connection. */
async function costOf(server: string, tls: boolean, open: (port: number) => Promise<Opened>): Promise<Memory> {
  const port = await freePort()
  const child = spawn(process.execPath, ['--import', file('memory.js'), file(`servers/${server}.js`)], {
    env: { ...process.env, BENCH_PORT: String(port), BENCH_STATIC: folder, ...(tls && { BENCH_TLS: folder }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })
  const memory = async (): Promise<Memory> => {
    const said = once(lines, 'line') as Promise<[string]>
    child.kill('SIGUSR2')
    return JSON.parse((await said)[0].slice('MEMORY '.length)) as Memory
  }
  const opened: Opened[] = []
  try {
    // Retries until the server listens.
    for (let tries = 0; opened.length === 0; tries++)
      await open(port).then(
        (first) => opened.push(first),
        async (error: unknown) => {
          if (tries > 400) throw error
          await sleep(50)
        },
      )
    // Afterwards, everything that is created only once exists.
    await openMore(100)
    const before = await memory()
    await openMore(count)
    const after = await memory()
    return { js: (after.js - before.js) / count, resident: (after.resident - before.resident) / count }
  } finally {
    child.kill('SIGKILL')
    for (const one of opened) one.destroy()
  }

  async function openMore(more: number): Promise<void> {
    for (let left = more; left > 0; left -= 50)
      opened.push(...(await Promise.all(Array.from({ length: Math.min(50, left) }, () => open(port)))))
  }
}
