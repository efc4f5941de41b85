import { connect as connectHttp2 } from 'node:http2'
import { type Server as NetServer, connect, createServer } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CloseReason, Reply, channels, serve } from '../../src/index.ts'
import { unacknowledged } from '../../src/sockets/unacknowledged.ts'
import { type TestAuthority, type TestCertificate, makeAuthority, openssl } from '../certificates.ts'
import { get, until } from '../support.ts'

const content = Buffer.alloc(64 * 1024 * 1024, 'x')
/** Milliseconds; the client takes a third of what the kernel holds for it in several times of that. */
const writeStall = 800

let authority: TestAuthority
let certificate: TestCertificate

beforeAll(() => {
  if (openssl.isMissing) return
  authority = makeAuthority()
  certificate = authority.issue('localhost', ['localhost'])
})

afterAll(() => {
  if (!openssl.isMissing) authority.remove()
})

/** Stands in front of a server and passes on 64 KiB ten times a second. */
interface SlowLine {
  readonly port: number
  /** Bytes that came from the server. */
  moved: number
  /** From now on nothing more is taken. */
  stop(): void
  close(): void
}

async function slowLine(to: number): Promise<SlowLine> {
  let isStopped = false
  const inner: NetServer = createServer((down) => {
    const up = connect(to, '127.0.0.1')
    down.on('error', () => up.destroy()).on('close', () => up.destroy())
    up.on('error', () => down.destroy())
    down.on('data', (chunk) => up.write(chunk))
    up.on('data', (chunk) => {
      line.moved += chunk.length
      down.write(chunk)
      up.pause()
      setTimeout(() => {
        if (!isStopped) up.resume()
      }, 100)
    })
  })
  await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve))
  const line: SlowLine = {
    port: (inner.address() as { port: number }).port,
    moved: 0,
    stop: () => void (isStopped = true),
    close: () => void inner.close(),
  }
  return line
}

function ask(port: number): () => void {
  const socket = connect(port, '127.0.0.1', () => socket.write(get())).on('error', () => {})
  socket.resume()
  return () => socket.destroy()
}

function askTls(port: number): () => void {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => socket.write(get()))
  socket.on('error', () => {}).resume()
  return () => socket.destroy()
}

/** A client whose windows are wide open: only the line is slow. */
function askHttp2(port: number, scheme: 'http' | 'https'): () => void {
  const session = connectHttp2(`${scheme}://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    settings: { initialWindowSize: 2 ** 30 },
  })
  session.on('error', () => {}).on('connect', () => session.setLocalWindowSize(2 ** 30))
  session
    .request({ ':path': '/' })
    .on('error', () => {})
    .resume()
  return () => session.destroy()
}

// Only Linux says what has arrived.
withTools(openssl)('what moves is not cut, however slowly: a client of', () => {
  it.skipIf(process.platform !== 'linux').concurrent.each<[string, boolean, (port: number) => () => void]>([
    ['HTTP/1.1', false, ask],
    ['HTTP/1.1 over TLS', true, askTls],
    ['HTTP/2', false, (port) => askHttp2(port, 'http')],
    ['HTTP/2 over TLS', true, (port) => askHttp2(port, 'https')],
  ])('%s', { timeout: 60_000 }, async (_, isTls, request) => {
    const server = await serve(() => new Reply(content), {
      port: 0,
      http2: true,
      timeouts: { writeStall },
      ...(isTls && { tls: { cert: certificate.cert, key: certificate.key } }),
    })
    const reasons: CloseReason[] = []
    const listen = ({ server: from, reason }: { server: unknown; reason: CloseReason }): void => {
      if (from === server) reasons.push(reason)
    }
    channels.close.subscribe(listen)
    const line = await slowLine(server.port)
    const leave = request(line.port)
    await until(() => line.moved > 3 * 1024 * 1024 || reasons.length > 0)
    expect(reasons).toEqual([])
    line.stop()
    await until(() => reasons.length > 0)
    expect(reasons).toEqual(['write-timeout'])
    channels.close.unsubscribe(listen)
    leave()
    line.close()
    await server.close({ deadline: 0 })
  })

  it.skipIf(process.platform !== 'linux')('the kernel says what has not arrived', async () => {
    const server = createServer((socket) => socket.pause())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const socket = connect((server.address() as { port: number }).port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    const { fd } = (socket as unknown as Record<'_handle', { readonly fd: number }>)['_handle']
    expect(unacknowledged(fd, 0)).toBe(0)
    socket.write(content)
    await until(() => unacknowledged(fd, 0)! > 0)
    expect(unacknowledged(fd, 0)).toBeGreaterThan(0)
    socket.destroy()
    expect(unacknowledged(-1, 0)).toBe(undefined)
    server.close()
  })
})

describe('what waits in a socket', () => {
  it('is less by what the system has taken of a write that goes on', async () => {
    let left = 0
    const server = await serve(
      (c) =>
        c.upgrade(
          (transport) => {
            transport.write(content)
            left = transport.bufferedBytes
            transport.attach({ onData() {}, onDrain() {}, onEnd() {}, onClose() {} })
          },
          { Upgrade: 'x' },
        ),
      { port: 0 },
    )
    const socket = connect(server.port, '127.0.0.1', () =>
      socket.write(get('/', 'Connection: upgrade\r\nUpgrade: x\r\n')),
    )
    socket.pause()
    await until(() => left > 0)
    expect(left).toBeLessThan(content.length)
    socket.destroy()
    await server.close({ deadline: 0 })
  })
})
