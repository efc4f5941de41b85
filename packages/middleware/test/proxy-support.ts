import { type AddressInfo, type Server as NetServer, type Socket, connect, createServer } from 'node:net'
import { Reply, type Server, type ServerOptions } from '@spillway/core'
import {
  type ProxyOptions,
  type UpstreamTarget,
  type Upstreams,
  type UpstreamsOptions,
} from '@spillway/middleware/proxy'
import { proxy, upstreams } from '@spillway/middleware/proxy'
import { onTestFinished, vi } from 'vitest'
import { start } from './server.ts'

/** Long enough for a loaded machine; nothing waits that long when it works. */
const patience = { timeout: 15_000, interval: 5 }

/** Waits for a condition. */
export function until(condition: () => boolean): Promise<void> {
  return vi.waitFor(() => {
    if (!condition()) throw new Error(`Still waiting: ${condition.toString()}`)
  }, patience)
}

/** An upstream server that is told what to do byte by byte. */
export interface RawUpstream {
  readonly url: string
  readonly port: number
  /** Everything that came, over all connections, as latin1. */
  readonly received: string
  /** How many bytes that is. */
  readonly bytes: number
  /** Connections so far. */
  readonly connections: number
  /** Those that are open. */
  readonly sockets: ReadonlySet<Socket>
  stop(): Promise<void>
}

/**
 * Starts a server of bare sockets on a free port, or a given one.
 * @param onHead called when a head is complete, with it and the number of its request on the connection.
 */
export async function rawUpstream(
  onHead: (socket: Socket, head: string, nth: number) => void,
  listen: number | string = 0,
): Promise<RawUpstream> {
  const sockets = new Set<Socket>()
  const chunks: Buffer[] = []
  let connections = 0
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    connections++
    sockets.add(socket)
    let seen = ''
    let nth = 0
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      seen += chunk.toString('latin1')
      for (let end = seen.indexOf('\r\n\r\n'); end >= 0; end = seen.indexOf('\r\n\r\n')) {
        const head = seen.slice(0, end + 4)
        seen = seen.slice(end + 4)
        // Content of requests is not told apart: what has no request line is some.
        if (/^[A-Z]+ [^ ]+ HTTP\/1\.1\r\n/.test(head)) onHead(socket, head, ++nth)
      }
      if (seen.length > 65_536) seen = ''
    })
    socket.on('end', () => socket.end())
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await listening(server, listen)
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  onTestFinished(stop)
  const port = typeof listen === 'string' ? 0 : (server.address() as AddressInfo).port
  return {
    url: typeof listen === 'string' ? `unix:${listen}` : `http://127.0.0.1:${port}`,
    port,
    sockets,
    get received() {
      return Buffer.concat(chunks).toString('latin1')
    },
    get bytes() {
      return chunks.reduce((sum, { length }) => sum + length, 0)
    },
    get connections() {
      return connections
    },
    stop,
  }
}

function listening(server: NetServer, listen: number | string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    if (typeof listen === 'string') server.listen(listen, resolve)
    else server.listen(listen, '127.0.0.1', resolve)
  })
}

/** Answers every request with its own head as content. */
export function echoHead(socket: Socket, head: string): void {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${head.length}\r\n\r\n${head}`)
}

/** A port on which nobody listens. */
export async function deadPort(): Promise<number> {
  const upstream = await rawUpstream(() => {})
  await upstream.stop()
  return upstream.port
}

/** A group for one test. */
export function group(targets: readonly UpstreamTarget[], options: UpstreamsOptions = {}): Upstreams {
  const made = upstreams(targets, options)
  onTestFinished(() => made.close())
  return made
}

/** What core would print, collected. */
export interface Front {
  readonly server: Server
  readonly errors: unknown[]
}

/** A server that proxies everything to the group. */
export async function front(
  to: Upstreams,
  options: ProxyOptions = {},
  serverOptions: ServerOptions = {},
): Promise<Front> {
  const errors: unknown[] = []
  const onError: ServerOptions['onError'] = (error) => {
    errors.push(error)
    const { status, code } = error as { status?: number; code?: string }
    return new Reply(code ?? String(error), status ?? 500)
  }
  return { server: await start(proxy(to, options), { onError, ...serverOptions }), errors }
}

/** A client that says what it likes. */
export interface RawClient {
  readonly socket: Socket
  /** As latin1. */
  readonly received: string
  /** Whether the server has ended the connection, and whether with a reset. */
  readonly closed: boolean
  readonly reset: boolean
  send(text: string | Uint8Array): void
  /** Waits until this has been received. */
  reads(pattern: RegExp | string): Promise<string>
}

export function client(server: { readonly port: number }, ...sends: string[]): RawClient {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  let received = ''
  let closed = false
  let reset = false
  socket.setNoDelay(true)
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  socket.on('end', () => {
    closed = true
  })
  socket.on('error', () => {
    reset = true
    closed = true
  })
  socket.on('close', () => {
    closed = true
  })
  onTestFinished(() => void socket.destroy())
  for (const text of sends) socket.write(text, 'latin1')
  return {
    socket,
    get received() {
      return received
    },
    get closed() {
      return closed
    },
    get reset() {
      return reset
    },
    send: (text) => void (typeof text === 'string' ? socket.write(text, 'latin1') : socket.write(text)),
    reads: async (pattern) => {
      await vi.waitFor(() => {
        if (typeof pattern === 'string' ? received.includes(pattern) : pattern.test(received)) return
        throw new Error(`Waiting for ${String(pattern)}, got ${JSON.stringify(received)}`)
      }, patience)
      return received
    },
  }
}

/** A GET that asks to close, and everything that comes back. */
export async function get(server: Server, path = '/', ...fields: string[]): Promise<string> {
  const asking = client(
    server,
    `${[`GET ${path} HTTP/1.1`, 'Host: a.example', 'Connection: close', ...fields].join('\r\n')}\r\n\r\n`,
  )
  await until(() => asking.closed)
  return asking.received
}
