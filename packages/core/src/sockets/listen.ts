// Listening sockets.
import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs'
import { type AddressInfo, type Server as NetServer, connect, createServer } from 'node:net'
import { dirname } from 'node:path'
import { type Gates, beginHandshake, handshakes } from './gate.ts'
import { accept } from '../http1/accept.ts'
import type { Listening } from '../server/listen-options.ts'
import { type ListenSettings, reloadRules } from '../server/rules.ts'
import { readOptions } from '../exchange/read-options.ts'
import type { ServerCore } from '../server/server-core.ts'
import type { TlsGate } from './tls.ts'
import { acceptedTransport } from './transport-node.ts'
import type { Transport } from '../transport/transport.ts'
import { AddressSet } from '../transport/addresses.ts'

/** Bytes; the system silently cuts longer ones (unix(7)). */
const longestPath = 107

/** @internal */
export interface Listener {
  readonly at: Listening
  /** Accepts no more connections; existing ones stay. */
  close(): void
  /** Whether it keeps the process alive. */
  ref(held: boolean): void
}

/**
 * Opens a listening socket; what it accepts becomes the server's.
 * @throws the system's error when it cannot; TypeError when the options contradict each other.
 */
export async function listenNode(options: ListenSettings, core: ServerCore): Promise<Listener> {
  check(options)
  const { keepAliveProbe } = options
  const gates = await gatesOf(options, (error) => core.report(error, null))
  const server = createServer(
    // A client may end its side and still read, so closing half-open connections is up to us.
    { allowHalfOpen: true, noDelay: true, keepAlive: keepAliveProbe > 0, keepAliveInitialDelay: keepAliveProbe },
    gates ? (socket) => beginHandshake(core, socket, gates) : (socket) => accept(core, acceptedTransport(socket)),
  )
  await bind(server, options)
  // Out of descriptors, for example: that connection is lost, but the server is not.
  server.on('error', () => {})
  return {
    at: listeningAt(server, options, gates?.tls),
    close: () => {
      server.close()
      gates?.tls?.close()
    },
    ref: (held) => void (held ? server.ref() : server.unref()),
  }
}

/** Adds a connection that was accepted elsewhere to the server. */
export function acceptHere(transport: Transport, core: ServerCore): void {
  accept(core, transport)
}

function check({ path, fd, port, host, mode, reusePort }: ListenSettings): void {
  const ways = [path, fd, port ?? host].filter((way) => way !== undefined)
  if (ways.length > 1) throw new TypeError('Listen on a path, or an fd, or a host and port')
  if (host === '') throw new TypeError('`host` is empty; every address is `0.0.0.0` or `::`')
  if (path !== undefined && Buffer.byteLength(path) > longestPath)
    throw new RangeError(`The path of a unix socket has at most ${longestPath} bytes: ${path}`)
  if (mode !== undefined && path === undefined)
    throw new TypeError('`mode` applies only to unix sockets, which are opened with `path`')
  if (!reusePort) return
  if (path !== undefined || fd !== undefined) throw new TypeError('`reusePort` applies only to a host and port')
  if (!knowsReusePort) throw new Error('`reusePort` needs Node.js 22.12 or 23.1, or later: this one would ignore it')
}

/** Older versions accept the option but ignore it. */
const knowsReusePort = isAtLeast(process.versions.node)

function isAtLeast(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12)
}

/** The gates that a socket passes before HTTP begins; undefined when there are none. */
async function gatesOf(
  { tls, http2, proxyProtocol }: ListenSettings,
  report: (error: unknown) => void,
): Promise<Gates | undefined> {
  if (!tls && !proxyProtocol && !http2) return undefined
  const protocols = http2 ? ['h2', 'http/1.1'] : ['http/1.1']
  return {
    // TLS and HTTP/2 are large modules; whoever does not use them does not load them.
    tls: tls && new (await import('./tls.ts')).TlsGate(tls, protocols, handshakes, report),
    trusted: proxyProtocol && new AddressSet(proxyProtocol.trusted),
    http2: http2 ? await import('./http2.ts') : undefined,
  }
}

async function bind(server: NetServer, options: ListenSettings): Promise<void> {
  const { path, mode } = options
  try {
    await listen(server, options).catch(async (error: NodeJS.ErrnoException) => {
      if (path === undefined || error.code !== 'EADDRINUSE') throw error
      await takeOver(path, error)
      // The workers of a cluster get here at the same time: one of them has the file removed, and the others share its socket.
      await listen(server, options)
    })
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, options)
  }
  if (path === undefined || mode === undefined) return
  try {
    chmodSync(path, mode)
  } catch (error) {
    server.close()
    throw error
  }
}

function listen(
  server: NetServer,
  { port = 3000, host = '127.0.0.1', ipv6Only, reusePort, path, fd, backlog }: ListenSettings,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const where = fd !== undefined ? { fd } : path !== undefined ? { path } : { port, host, ipv6Only, reusePort }
    server.listen({ ...where, backlog }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Removes the file of a unix socket on which nobody listens any more. @throws `inUse` when it is not a socket. */
async function takeOver(path: string, inUse: Error): Promise<void> {
  const before = lstatSync(path, { throwIfNoEntry: false })
  if (!before) return
  if (!before.isSocket()) {
    inUse.message = `${path} exists and is not a socket (EADDRINUSE)`
    throw inUse
  }
  if (await isAnswered(path)) return
  // Another process may have come to the same conclusion, and be listening there by now.
  const now = lstatSync(path, { throwIfNoEntry: false })
  if (now && now.ino === before.ino && now.ctimeMs === before.ctimeMs) unlinkSync(path)
}

/** Whether somebody listens on a unix socket. When in doubt, yes. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}

/** Adds to the system's error what it means here. */
function explain(error: NodeJS.ErrnoException, { host = '127.0.0.1', port = 3000, path, fd }: ListenSettings): Error {
  const where = fd !== undefined ? `descriptor ${fd}` : (path ?? `port ${port} of ${host}`)
  // Node gives the same code for both.
  if (path !== undefined && error.code === 'EACCES' && !existsSync(dirname(path))) error.code = 'ENOENT'
  const meaning = meaningOf(error.code, where, port)
  if (meaning && !error.message.includes(`(${error.code})`)) error.message = `${meaning} (${error.code})`
  // Its stack is of the inside of Node, and begins with the message that it had; now it leads to whoever waits for `listen`.
  Error.captureStackTrace(error, explain)
  return error
}

function meaningOf(code: string | undefined, where: string, port: number): string | undefined {
  const advice = where.startsWith('port ')
    ? ': end that program, or take another port; `port: 0` takes one that is free'
    : ''
  switch (code) {
    case 'EADDRINUSE':
      return `Somebody else listens on ${where}${advice}`
    case 'EACCES':
      return `No permission to listen on ${where}${port < 1024 ? '; low ports need a privilege, or an inherited socket' : ''}`
    case 'ENOENT':
      return `Cannot listen on ${where}: its folder does not exist`
    case 'ENOTSUP':
      return `This system cannot share ${where} (reusePort)`
    case 'EADDRNOTAVAIL':
      return `Cannot listen on ${where}: this machine has no such address`
    case 'ENOTFOUND':
      return `Cannot listen on ${where}: the name has no address`
    case 'EBADF':
    case 'EINVAL':
    case 'ENOTSOCK':
      return `Cannot listen on ${where}`
    default:
      return undefined
  }
}

function listeningAt(server: NetServer, options: ListenSettings, tls: TlsGate | undefined): Listening {
  const address = server.address()
  return {
    ...(typeof address === 'object' && address !== null
      ? { url: urlOf(address, options, tls ? 'https' : 'http'), port: address.port }
      : { url: address === null ? `fd:${options.fd}` : `unix:${address}`, port: 0 }),
    reload: (change) => {
      if (!tls) throw new TypeError('This listener was opened without `tls`, so there is nothing to reload')
      readOptions(reloadRules, change, 'tls.')
      tls.reload(change)
    },
  }
}

/** The URL for a client on this machine. */
function urlOf({ address, family, port }: AddressInfo, { host, ipv6Only }: ListenSettings, scheme: string): string {
  let name = family === 'IPv6' ? `[${address.replace('%', '%25')}]` : address
  // Nobody can connect to "any address".
  if (address === '0.0.0.0') name = '127.0.0.1'
  else if (address === '::') name = ipv6Only ? '[::1]' : 'localhost'
  // Certificates are made for names.
  else if (host !== undefined && /[a-z]/i.test(host) && !host.includes(':')) name = host
  return `${scheme}://${name}:${port}`
}
