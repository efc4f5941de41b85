// What state, guards and streams cost per request, in microseconds: node bench/state.mjs, after a build. Each is measured
// around a handler that does nothing, on contexts of real requests; WebSockets over memory in place of sockets.
import { HttpError } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { SignJWT } from 'jose'
import { basicAuth, bearerAuth, sameText } from '../dist/auth.js'
import { cookies } from '../dist/cookies.js'
import { cors } from '../dist/cors.js'
import { csrf } from '../dist/csrf.js'
import { wrap } from '../dist/index.js'
import { jwt } from '../dist/jwt.js'
import { logger } from '../dist/logger.js'
import { problems } from '../dist/problem.js'
import { secureHeaders } from '../dist/secure-headers.js'
import { sessions } from '../dist/sessions.js'
import { sse } from '../dist/sse.js'
import { websocket } from '../dist/websocket.js'
import { compare } from './measure.mjs'

const secrets = 'the secret of a benchmark, 32 bytes or more'
const answer = (c) => c.text('x')

/** Gives the context of a request with these fields, after a turn through `handler`, and its reply. */
async function request(handler, ...fields) {
  let seen
  const client = testServer((c) => {
    seen = c
    return handler(c)
  }).connect()
  client.send(`POST /a HTTP/1.1\r\nHost: a.example\r\n${fields.map((f) => `${f}\r\n`).join('')}\r\n`)
  await new Promise((resolve) => setTimeout(resolve, 20))
  return { context: seen, reply: client.received }
}

const context = async (...fields) => (await request(answer, ...fields)).context

async function cookieOf(middleware, set) {
  const { reply } = await request(wrap([middleware], set))
  return `Cookie: ${/Set-Cookie: ([^;]+)/i.exec(reply)[1]}`
}

function fail() {
  throw new HttpError(409, 'no')
}

const setUser = (c) => {
  c.state.session.data.user = 'ali'
  return answer(c)
}
const [sealed, stored, signing] = [sessions({ secrets }), sessions(), cookies({ secrets })]
const signed = await cookieOf(signing, (c) => {
  c.state.cookies.signed.set('user', 'ali')
  return answer(c)
})
const key = new TextEncoder().encode(secrets)
const token = await new SignJWT({ sub: 'ali' }).setProtectedHeader({ alg: 'HS256' }).setExpirationTime('1h').sign(key)
const origin = 'Origin: https://app.example'

const cases = [
  ['handler alone', [], answer, await context()],
  ['problems, no error', [problems()], answer, await context()],
  ['problems, an error', [problems()], fail, await context()],
  ['logger, until the reply leaves', [logger({ write() {} })], answer, await context()],
  ['cookies, none read', [cookies()], answer, await context()],
  [
    'cookies, one read',
    [cookies()],
    (c) => (c.state.cookies.get('b'), answer(c)),
    await context('Cookie: a=1; b=2; c=3'),
  ],
  ['cookies, one set', [cookies()], (c) => (c.state.cookies.set('b', '2'), answer(c)), await context()],
  [
    'cookies, a signed one read',
    [signing],
    (c) => (c.state.cookies.signed.get('user'), answer(c)),
    await context(signed),
  ],
  ['sessions, none', [sealed], answer, await context()],
  ['sessions, sealed, read', [sealed], answer, await context(await cookieOf(sealed, setUser))],
  ['sessions, sealed, changed', [sealed], setUser, await context()],
  ['sessions, in memory, read', [stored], answer, await context(await cookieOf(stored, setUser))],
  ['cors, same origin', [cors({ origins: ['https://app.example'] })], answer, await context()],
  ['cors, listed origin', [cors({ origins: ['https://app.example'] })], answer, await context(origin)],
  ['csrf, Sec-Fetch-Site', [csrf()], answer, await context('Sec-Fetch-Site: same-origin')],
  ['csrf, Origin', [csrf()], answer, await context('Origin: https://a.example')],
  ['secure headers', [secureHeaders()], answer, await context()],
  [
    'basic auth',
    [basicAuth({ verify: (n, p) => sameText(n + p, 'ab') })],
    answer,
    await context(`Authorization: Basic ${btoa('a:b')}`),
  ],
  ['bearer auth', [bearerAuth({ verify: () => 1 })], answer, await context('Authorization: Bearer abc')],
  ['jwt, HS256', [jwt({ key, algorithms: ['HS256'] })], answer, await context(`Authorization: Bearer ${token}`)],
  ['sse, a stream begins', [], (c) => sse(c, () => {}), await context()],
]

const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']
const head = ['GET / HTTP/1.1', 'Host: a', ...upgrade, 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''].join(
  '\r\n',
)
const echo = { message: (socket, data) => void socket.send(data) }
const socketServer = testServer(websocket(() => echo, { messagesPerSecond: 2 ** 31 - 1 }))

const talking = await Promise.all([32, 100_000].map(talk))

await compare([
  ...cases.map(([name, layers, handler, c]) => {
    const wrapped = wrap(layers, handler)
    return [name, 30_000, () => wrapped(c)]
  }),
  ['websocket, a handshake', 5000, async () => (await openSocket()).reset()],
  ['websocket, 32 bytes echoed', 50_000, talking[0]],
  ['websocket, 100000 bytes echoed', 2000, talking[1]],
])

async function openSocket() {
  const client = socketServer.connect()
  client.send(head)
  while (!client.received.includes('\r\n\r\n')) await new Promise((resolve) => setImmediate(resolve))
  return client
}

/** Gives a function that sends a message of some bytes and waits for its echo. */
async function talk(size) {
  const client = await openSocket()
  const length =
    size < 126 ? [0x80 | size] : [0xff, 0, 0, 0, 0, ...Buffer.from(size.toString(16).padStart(8, '0'), 'hex')]
  const frame = Buffer.concat([Buffer.from([0x82, ...length, 0, 0, 0, 0]), Buffer.alloc(size)])
  let expected = client.received.length
  return async () => {
    expected += size + (size < 126 ? 2 : 10)
    client.send(frame)
    while (client.received.length < expected) await new Promise((resolve) => setImmediate(resolve))
  }
}
