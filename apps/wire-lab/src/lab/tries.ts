import { type Socket, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Tried } from '../model/tried.ts'
import type { Recorder } from './recorder.ts'

/** What the lab's own client can do to the server, by name. */
interface Try {
  readonly title: string
  /** What there is to see in it. */
  readonly note: string
  /** Pieces of text, each written at once; a dripping one goes on until the server has had enough. */
  readonly send: (host: string) => Iterable<string>
  /** Milliseconds between two pieces. */
  readonly pause: number
}

const get = (target: string, host: string, ...fields: string[]) =>
  `GET ${target} HTTP/1.1\r\n${[`Host: ${host}`, ...fields].join('\r\n')}\r\n\r\n`

const tries: Readonly<Record<string, Try>> = {
  'http-1.0': {
    title: 'HTTP/1.0',
    note: 'The old protocol: one request, one reply, and the server ends the connection.',
    send: () => ['GET /api/time HTTP/1.0\r\n\r\n'],
    pause: 0,
  },
  pipeline: {
    title: 'Pipelined ×3',
    note: 'Three requests in one piece, before any reply has come. The replies come back in order.',
    send: (host) => [get('/api/time', host) + get('/nothing-here', host) + get('/api/time', host, 'Connection: close')],
    pause: 0,
  },
  'two-hosts': {
    title: 'Two Host fields',
    note: 'Two answers to “which site?” are how requests get smuggled past a proxy, so the server refuses to choose.',
    send: (host) => [get('/api/time', host, 'Host: evil.example')],
    pause: 0,
  },
  'slow-head': {
    title: 'Slow head',
    note: 'A request that drips in byte by byte and never ends. Bytes do not reset the clock: the server waits once.',
    send: function* (host) {
      yield `GET /api/time HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `
      for (;;) yield 'z'
    },
    pause: 200,
  },
}

/** Characters kept of what was sent and received. */
const mostText = 16 * 1024
/** Milliseconds after which a try is given up. */
const mostTime = 20_000

/** Where the server listens. */
export interface Target {
  readonly host: string
  readonly port: number
}

/** Runs one of the tries against the lab's own server; undefined when there is none of that name. */
export function runTry(name: string, target: Target, recorder: Recorder): Promise<Tried> | undefined {
  const found = Object.hasOwn(tries, name) ? tries[name] : undefined
  return found && run(found, target, recorder)
}

async function run({ title, note, send, pause }: Try, { host, port }: Target, recorder: Recorder): Promise<Tried> {
  const started = performance.now()
  const socket = connect({ host, port, noDelay: true })
  socket.setTimeout(mostTime, () => socket.destroy())
  let sent = ''
  let received = ''
  let connection = 0
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('error', () => {})
  socket.on('connect', () => {
    const peer = peerOf(socket)
    recorder.mark(peer, 'lab', title)
    socket.on('close', () => recorder.unmark(peer))
    void drip(socket, send(`${host}:${port}`), pause, (text) => (sent = (sent + text).slice(0, mostText)))
  })
  socket.on('data', (bytes) => {
    connection ||= recorder.connectionOf(peerOf(socket))
    received = (received + bytes.toString('latin1')).slice(0, mostText)
  })
  await closed
  return { title, note, sent, received, connection, ms: performance.now() - started }
}

/** Writes piece after piece until there are no more or the server has ended its side. */
async function drip(
  socket: Socket,
  pieces: Iterable<string>,
  pause: number,
  onSent: (text: string) => void,
): Promise<void> {
  for (const piece of pieces) {
    if (!socket.writable || socket.readableEnded) return
    socket.write(piece, 'latin1')
    onSent(piece)
    await sleep(pause)
  }
}

/** This end of a connection, as the other end sees it. */
function peerOf(socket: Socket): { address: string; port: number; secure: false } {
  return { address: socket.localAddress ?? '', port: socket.localPort ?? 0, secure: false }
}
