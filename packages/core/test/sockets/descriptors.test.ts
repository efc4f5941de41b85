import { mkdtempSync, rmSync } from 'node:fs'
import { type Socket, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from '@spillway/vitest-config/tools'
import { expect, it } from 'vitest'
import { buildProgram, linesUntil } from '../programs.ts'
import { get, until } from '../support.ts'

/** More than the process may have, which needs some for itself. */
const clients = 100
const descriptors = 60

interface Client {
  readonly socket: Socket
  state: 'waiting' | 'answered' | 'closed'
}

function open(port: number): Client {
  const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(get()))
  const client: Client = { socket, state: 'waiting' }
  socket.on('data', () => (client.state = 'answered'))
  socket.on('error', () => {})
  socket.on('close', () => (client.state = 'closed'))
  return client
}

it('out of descriptors: those who are there are served, the others are closed, and later ones are let in', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-descriptors-'))
  const program = await buildProgram('few-descriptors', folder)
  const child = spawn('sh', ['-c', `ulimit -n ${descriptors}; exec "$0" "$1"`, process.execPath, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const [url] = await linesUntil(child, /^http:/)
    const port = Number(new URL(url!).port)
    const all = Array.from({ length: clients }, () => open(port))
    await until(() => all.every(({ state }) => state !== 'waiting'))
    const answered = all.filter(({ state }) => state === 'answered')
    expect(answered.length).toBeGreaterThan(10)
    expect(answered.length).toBeLessThan(descriptors)
    // Those who are there go on.
    for (const client of answered) client.state = 'waiting'
    for (const { socket } of answered) socket.write(get())
    await until(() => answered.every(({ state }) => state !== 'waiting'))
    expect(answered.every(({ state }) => state === 'answered')).toBe(true)
    for (const { socket } of all) socket.destroy()

    // The server learns of it when it does.
    let late = open(port)
    await until(() => {
      if (late.state === 'closed') late = open(port)
      return late.state === 'answered'
    })
    late.socket.destroy()
    expect(child.exitCode).toBe(null)
  } finally {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.stdin.end()
    await gone
    rmSync(folder, { recursive: true })
  }
}, 30_000)
