// What state, guards and streams cost per request, in microseconds: node bench/state.mjs, after a build. Each is measured
// around a handler that does nothing, on contexts of real requests.
import { testServer } from '@spillway/core/testing'
import { SignJWT } from 'jose'
import { basicAuth, bearerAuth, sameText } from '../dist/auth.js'
import { cookies } from '../dist/cookies.js'
import { cors } from '../dist/cors.js'
import { csrf } from '../dist/csrf.js'
import { wrap } from '../dist/index.js'
import { jwt } from '../dist/jwt.js'
import { secureHeaders } from '../dist/secure-headers.js'
import { sessions } from '../dist/sessions.js'
import { sse } from '../dist/sse.js'

const runs = 5
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

for (const [name, layers, handler, c] of cases) {
  const wrapped = wrap(layers, handler)
  const times = []
  for (let run = 0; run < runs; run++) times.push(await measure(wrapped, c))
  const [best] = times.toSorted((a, b) => a - b)
  console.log(`${name.padEnd(30)} ${best.toFixed(2).padStart(7)} µs`)
}

async function measure(handler, c) {
  const asynchronous = handler(c) instanceof Promise
  const count = asynchronous ? 3000 : 30_000
  const started = performance.now()
  if (asynchronous) for (let i = 0; i < count; i++) await handler(c)
  else for (let i = 0; i < count; i++) handler(c)
  return ((performance.now() - started) / count) * 1e3
}
