import { connect } from 'node:net'
import { type TLSSocket, connect as connectTls } from 'node:tls'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type CloseReason, type Context, type Result, type Server, channels, serve } from '../../src/index.ts'
import { type TestAuthority, type TestCertificate, makeAuthority, openssl } from '../certificates.ts'
import { MachineClient } from '../http2/machine-client.ts'
import { type RawClient, get, muteErrors, rawClient, request, until } from '../support.ts'

muteErrors()

let authority: TestAuthority
let certificate: TestCertificate
let server: Server | undefined
/** How many requests have heard of the end of their client. */
let aborted = 0

beforeAll(() => {
  if (openssl.isMissing) return
  authority = makeAuthority()
  certificate = authority.issue('localhost', ['localhost'])
})

afterAll(() => {
  if (!openssl.isMissing) authority.remove()
})

afterEach(async () => {
  await server?.close({ deadline: 0 })
  server = undefined
})

function never(): Promise<never> {
  return new Promise(() => {})
}

async function* pieceThen(after: () => Promise<unknown>): AsyncGenerator<string> {
  yield 'piece'
  await after()
}

function answer(c: Context): Result | Promise<Result> {
  c.signal.addEventListener('abort', () => aborted++)
  switch (c.path) {
    case '/hang':
      return never()
    case '/late':
      return new Promise((resolve) => c.signal.addEventListener('abort', () => resolve(c.text('late'))))
    case '/read':
      return c.body.text().then((text) => c.text(text))
    case '/idle':
      return c.stream(pieceThen(never))
    case '/fail':
      return c.stream(pieceThen(() => Promise.reject(new Error('x'))))
    case '/large':
      return c.text('x'.repeat(32 * 1024 * 1024))
    case '/close':
      return c.text('bye', { headers: { Connection: 'close' } })
    case '/upgrade':
      return c.upgrade((t) => t.attach({ onData() {}, onDrain() {}, onEnd: () => t.end(), onClose() {} }), {
        Upgrade: 'x',
      })
    case '/upgrade-fail':
      return c.upgrade(
        () => {
          throw new Error('x')
        },
        { Upgrade: 'x' },
      )
    default:
      return c.text('hello')
  }
}

async function start(tls = false): Promise<Server> {
  aborted = 0
  server = await serve(answer, {
    port: 0,
    http2: true,
    limits: { requestsPerConnection: 3, discardBytes: 100 },
    timeouts: { halfClosed: 200, writeStall: 400, request: 600, tunnel: 400, linger: 200 },
    ...(tls && { tls: { cert: certificate.cert, key: certificate.key } }),
  })
  return server
}

/** Why the next connection of a server ends. */
function nextReason(of: Server): Promise<CloseReason> {
  return new Promise((resolve) => {
    channels.close.subscribe(function listen({ server: from, reason }) {
      if (from !== of) return
      channels.close.unsubscribe(listen)
      resolve(reason)
    })
  })
}

type Client = Pick<RawClient, 'send' | 'end' | 'pause' | 'reset' | 'saw'>
type Act = (client: Client) => unknown

/** The same over TLS; what it resets is the connection below. */
async function tlsClient(to: Server): Promise<Client> {
  const raw = connect({ port: to.port, host: '127.0.0.1' })
  const socket: TLSSocket = connectTls({ socket: raw, rejectUnauthorized: false, servername: 'localhost' })
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => (received += text))
  socket.on('error', () => {})
  raw.on('error', () => {})
  await new Promise((resolve) => socket.once('secureConnect', resolve))
  return {
    send: (bytes) => void socket.write(bytes),
    end: () => void socket.end(),
    reset: () => void raw.resetAndDestroy(),
    pause: () => void socket.pause(),
    saw: async (pattern) => {
      await until(() => pattern.test(received) || socket.destroyed)
      return received
    },
  }
}

const upgrade = 'Connection: upgrade\r\nUpgrade: x\r\n'
const close = 'Connection: close\r\n'
const gone = (): Promise<void> => until(() => aborted > 0)

const acts: readonly (readonly [CloseReason, string, Act])[] = [
  ['client-closed', 'ends before any request', (c) => c.end()],
  ['client-closed', 'ends behind a reply', async (c) => (c.send(get()), await c.saw(/hello/), c.end())],
  ['client-closed', 'ends behind its request, and gets its answer', (c) => (c.send(get('/late')), c.end())],
  [
    'client-closed',
    'is of HTTP/1.0, asks to be kept, and ends',
    async (c) => (c.send(get('/', 'Connection: keep-alive\r\n', '1.0')), await c.saw(/hello/), c.end()),
  ],
  ['client-gone', 'ends within a head', (c) => (c.send('GET / HTTP/1.1\r\nHo'), c.end())],
  [
    'client-gone',
    'ends within its second head',
    async (c) => (c.send(get()), await c.saw(/hello/), c.send('GET'), c.end()),
  ],
  [
    'client-gone',
    'ends within its content',
    (c) => (c.send(`${request('POST', '/read', 'Content-Length: 9\r\n')}abc`), c.end()),
  ],
  [
    'client-gone',
    'ends within content that nobody reads',
    (c) => (c.send(`${request('POST', '/', 'Content-Length: 9\r\n')}abc`), c.end()),
  ],
  ['client-gone', 'ends, and its answer never comes', (c) => (c.send(get('/hang')), c.end())],
  [
    'client-gone',
    'ends within a reply that stands still',
    async (c) => (c.send(get('/idle')), await c.saw(/piece/), c.end()),
  ],
  [
    'client-gone',
    'ends within the last reply',
    async (c) => (c.send(get('/idle', close)), await c.saw(/piece/), c.end()),
  ],
  [
    'client-gone',
    'ends within a reply, and then breaks off',
    async (c) => (c.send(get('/idle')), await c.saw(/piece/), c.end(), await gone(), c.reset()),
  ],
  ['client-reset', 'breaks off before any request', (c) => c.reset()],
  ['client-reset', 'breaks off behind a reply', async (c) => (c.send(get()), await c.saw(/hello/), c.reset())],
  [
    'client-reset',
    'breaks off within a head',
    async (c) => (
      c.send(get()),
      await c.saw(/hello/),
      c.send('GET / HT'),
      await until(() => server!.stats.active > 0),
      c.reset()
    ),
  ],
  [
    'client-reset',
    'breaks off within its content',
    async (c) => (
      c.send(`${request('POST', '/read', 'Content-Length: 9\r\n')}abc`),
      await until(() => server!.stats.active > 0),
      c.reset()
    ),
  ],
  [
    'client-reset',
    'breaks off while its handler works',
    async (c) => (c.send(get('/hang')), await until(() => server!.stats.active > 0), c.reset()),
  ],
  ['client-reset', 'breaks off within a reply', async (c) => (c.send(get('/idle')), await c.saw(/piece/), c.reset())],
  [
    'client-reset',
    'breaks off within a reply that was to be the last',
    async (c) => (c.send(get('/idle', close)), await c.saw(/piece/), c.reset()),
  ],
  [
    'client-reset',
    'is of HTTP/1.0 and breaks off within the reply',
    async (c) => (c.send(get('/idle', '', '1.0')), await c.saw(/piece/), c.reset()),
  ],
  ['client-asked', 'asks for the end', (c) => c.send(get('/', close))],
  [
    'client-asked',
    'asks for the end, and breaks off when it has its reply',
    async (c) => (c.send(get('/', close)), await c.saw(/hello/), c.reset()),
  ],
  ['http-1.0', 'is of HTTP/1.0', (c) => c.send(get('/', '', '1.0'))],
  ['http-1.0', 'is of HTTP/1.0 and ends behind its request', (c) => (c.send(get('/', '', '1.0')), c.end())],
  ['reply-asked', 'gets a reply that asks for the end', (c) => c.send(get('/close'))],
  ['max-requests', 'has had its requests', (c) => c.send(get().repeat(3))],
  [
    'unread-content',
    'sends too much that nobody reads',
    (c) => c.send(request('POST', '/', 'Content-Length: 101\r\n')),
  ],
  ['head-too-large', 'sends fields that are too long', (c) => c.send(get('/', `a: ${'b'.repeat(20_000)}\r\n`))],
  ['head-too-large', 'sends too many fields', (c) => c.send(get('/', 'a: b\r\n'.repeat(200)))],
  ['head-too-large', 'sends a target that is too long', (c) => c.send(get(`/${'x'.repeat(9000)}`))],
  ['parse-error', 'sends what is no HTTP', (c) => c.send('garbage\r\n\r\n')],
  ['parse-error', 'sends what is no HTTP behind a request', (c) => c.send(`${get()}garbage\r\n\r\n`)],
  [
    'parse-error',
    'sends broken chunks in its last request',
    (c) => c.send(`${request('POST', '/read', `Transfer-Encoding: chunked\r\n${close}`)}zz\r\n`),
  ],
  ['handler-error', 'gets half a reply', (c) => c.send(get('/fail'))],
  ['handler-error', 'gets half of its last reply', (c) => c.send(get('/fail', close))],
  ['handler-error', 'is of HTTP/1.0 and gets half a reply', (c) => c.send(get('/fail', '', '1.0'))],
  ['write-timeout', 'does not read', (c) => (c.pause(), c.send(get('/large')))],
  ['write-timeout', 'is of HTTP/1.0 and does not read', (c) => (c.pause(), c.send(get('/large', '', '1.0')))],
  ['request-timeout', 'asks for too much time', (c) => c.send(get('/hang'))],
  ['request-timeout', 'asks for too much time in its last request', (c) => c.send(get('/hang', close))],
  ['request-timeout', 'gets a reply that takes too long', (c) => c.send(get('/idle', close))],
  [
    'upgraded',
    'goes over to another protocol, and ends there',
    async (c) => (c.send(get('/upgrade', upgrade)), await c.saw(/101/), c.end()),
  ],
  [
    'upgraded',
    'goes over to another protocol, and breaks off there',
    async (c) => (c.send(get('/upgrade', upgrade)), await c.saw(/101/), c.reset()),
  ],
  ['tunnel-timeout', 'is silent in another protocol', (c) => c.send(get('/upgrade', upgrade))],
  ['handler-error', 'goes over to a protocol that fails', (c) => c.send(get('/upgrade-fail', upgrade))],
  [
    'shutdown',
    'is in another protocol when the server ends',
    async (c) => (c.send(get('/upgrade', upgrade)), await c.saw(/101/), void server!.close({ deadline: 0 })),
  ],
]

describe('why a connection ended: its client', () => {
  it.each(acts)('%s: %s', async (expected, _, act) => {
    const at = await start()
    const reason = nextReason(at)
    await act(rawClient(at))
    expect(await reason).toBe(expected)
  })
})

withTools(openssl)('why a connection ended, over TLS: its client', () => {
  it.each(acts)('%s: %s', async (expected, _, act) => {
    const at = await start(true)
    const reason = nextReason(at)
    await act(await tlsClient(at))
    expect(await reason).toBe(expected)
  })
})

/** A record of a handshake that has begun (RFC 8446 §5.1). */
const halfHello = Uint8Array.of(22, 3, 1, 0, 200, 1)

withTools(openssl)('why there was no TLS: its client', () => {
  it.each<readonly [CloseReason, string, Act]>([
    ['client-closed', 'ends before it has said anything', (c) => c.end()],
    ['client-gone', 'ends within the handshake', (c) => (c.send(halfHello), c.end())],
    ['client-reset', 'breaks off before it has said anything', (c) => c.reset()],
    ['tls-error', 'speaks HTTP in clear', (c) => c.send(get())],
    ['tls-error', 'speaks no TLS', (c) => c.send(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7))],
  ])('%s: %s', async (expected, _, act) => {
    const at = await start(true)
    const reason = nextReason(at)
    const client = rawClient(at)
    await until(() => at.stats.open === 1)
    await act(client)
    expect(await reason).toBe(expected)
  })
})

type Http2Act = (client: MachineClient) => unknown

function asked(client: MachineClient, path: string, sees: RegExp): Promise<void> {
  const stream = client.request('GET', path)
  return until(() => sees.test(client.got(stream).body))
}

describe('why a connection of HTTP/2 ended: its client', () => {
  it.each<readonly [CloseReason, string, Http2Act]>([
    ['client-closed', 'ends before any request', (c) => c.socket.end()],
    ['client-closed', 'ends behind a reply', async (c) => (await asked(c, '/', /hello/), c.socket.end())],
    [
      'client-closed',
      'ends behind its request, and gets its answer',
      (c) => (c.request('GET', '/late'), c.socket.end()),
    ],
    [
      'client-closed',
      'says goodbye',
      async (c) => (await asked(c, '/', /hello/), c.machine.goaway(0, 0), c.flush(), c.socket.end()),
    ],
    [
      'client-gone',
      'ends within its content',
      (c) => (c.write(c.request('POST', '/read', false), 'abc', false), c.socket.end()),
    ],
    ['client-gone', 'ends within a frame', async (c) => (await asked(c, '/', /hello/), c.socket.end(Buffer.alloc(5)))],
    ['client-gone', 'ends, and its answer never comes', (c) => (c.request('GET', '/hang'), c.socket.end())],
    [
      'client-gone',
      'ends within a reply that stands still',
      async (c) => (await asked(c, '/idle', /piece/), c.socket.end()),
    ],
    [
      'client-gone',
      'ends within a reply, and then breaks off',
      async (c) => (await asked(c, '/idle', /piece/), c.socket.end(), await gone(), c.socket.resetAndDestroy()),
    ],
    [
      'client-reset',
      'breaks off behind a reply',
      async (c) => (await asked(c, '/', /hello/), c.socket.resetAndDestroy()),
    ],
    [
      'client-reset',
      'breaks off within a reply',
      async (c) => (await asked(c, '/idle', /piece/), c.socket.resetAndDestroy()),
    ],
    ['parse-error', 'sends a frame that cannot be', (c) => c.socket.write(Buffer.from('0000000000', 'hex'))],
    [
      'max-requests',
      'has had its requests',
      async (c) => {
        for (let i = 0; i < 3; i++) await asked(c, '/', /hello/)
      },
    ],
    ['shutdown', 'is idle when the server ends', async (c) => (await asked(c, '/', /hello/), void server!.close())],
  ])('%s: %s', async (expected, _, act) => {
    const at = await start()
    const reason = nextReason(at)
    await act(new MachineClient(at.port))
    expect(await reason).toBe(expected)
  })

  it.each<readonly [CloseReason, string, Act]>([
    ['client-gone', 'ends within the preface', (c) => (c.send('PRI * HT'), c.end())],
    ['client-closed', 'ends before it', (c) => c.end()],
  ])('%s: %s', async (expected, _, act) => {
    const at = await start()
    const reason = nextReason(at)
    await act(rawClient(at))
    expect(await reason).toBe(expected)
  })
})
