// A process that hands in callbacks that misbehave, one after the other, and has to live on.
import { connect } from 'node:net'
import { createServer } from '@spillway/core'
import { type Misbehaving, type Stage, plays } from './callback-plays.ts'

const fail = (): never => {
  throw new Error('A callback failed')
}
const traps: ProxyHandler<any> = new Proxy({}, { get: () => fail })
/** Cannot be looked at in any way. */
const untouchable = (): object => new Proxy(() => {}, traps)

/** How a callback misbehaves. */
const ways: Readonly<Record<string, Misbehaving>> = {
  throws: fail,
  rejects: () => Promise.reject(new Error('A callback failed')),
  hangs: () => new Promise(() => {}),
  'fails late': async () => {
    await new Promise((resolve) => setTimeout(resolve, 5))
    fail()
  },
  'gives what throws when it is read': () => ({
    // eslint-disable-next-line unicorn/no-thenable -- the trap that this is about
    get then() {
      return fail()
    },
  }),
  'gives members that throw': () =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        ['status', 'headers', 'body', 'length', 'size', 'name', 'close', Symbol.iterator, Symbol.asyncIterator].map(
          (key) => [key, { get: fail, enumerable: true }],
        ),
      ),
    ),
  'gives what cannot be touched': untouchable,
  'throws what cannot be touched': () => {
    throw untouchable()
  },
  'rejects with what cannot be touched': () => Promise.reject(untouchable()),
  'calls what it was given back': (...args) => {
    for (const arg of args) if (typeof arg === 'function') arg()
  },
  'gives nonsense': () => Symbol('nonsense'),
}

/** Longer than any answer that comes takes. */
const patience = 10_000
// What is printed is no matter of this.
console.error = () => {}
process.stderr.write = () => true

let current = ''
const deaths: string[] = []
const note = (how: string, error: unknown): void => {
  let text = 'what cannot be shown'
  try {
    text = String((error as Error).stack)
  } catch {}
  const what = `${current}: ${how}: ${text}`
  if (!deaths.includes(what)) deaths.push(what)
}
process.on('uncaughtException', (error) => note('an error that nobody caught', error))
process.on('unhandledRejection', (error) => note('a rejection that nobody handled', error))

/** What the server says to a request, until it ends the connection or the time is over. */
function answer(port: number, request: string, ms: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request, 'latin1'))
    let text = ''
    const timer = setTimeout(() => done(undefined), ms)
    const done = (result: string | undefined): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(result)
    }
    socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
    socket.on('error', () => {}).on('close', () => done(text))
  })
}

function stageFor(way: string): Stage {
  return {
    async ask(handler, request = 'GET /play HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', options = {}) {
      const server = createServer((c) => (c.path === '/alive' ? c.text('alive') : handler(c)), options)
      const { port } = await server.listen({ port: 0 })
      // A callback that hangs may well keep a client waiting, as connect's middleware does that calls no `next`; and a socket
      // that was agreed on stays open.
      const mayWait = way === 'hangs' || request.includes('Upgrade') || /^(?:connect|fromNodeListener)\(/.test(current)
      const told = await answer(port, request, mayWait ? 40 : patience)
      if (told === undefined && !mayWait) deaths.push(`${current}: the client waits in vain`)
      const alive = await answer(port, 'GET /alive HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', patience)
      if (!alive?.startsWith('HTTP/1.1 200 ')) deaths.push(`${current}: nobody else is served: ${alive}`)
      const closed = await Promise.race([
        server.close({ deadline: 20 }),
        new Promise<void>((resolve) => setTimeout(resolve, patience).unref()),
      ])
      if (!closed) deaths.push(`${current}: the server does not close`)
    },
  }
}

let count = 0
const called = new Set<string>()
for (const [key, play] of Object.entries(plays))
  for (const [way, misbehaving] of Object.entries(ways)) {
    current = `${key} ${way}`
    count++
    try {
      await play((...args) => {
        called.add(key)
        return misbehaving(...args)
      }, stageFor(way))
    } catch {
      // The application hears of it at the call.
    }
    await new Promise((resolve) => setTimeout(resolve, way === 'fails late' ? 8 : 0))
  }
await new Promise((resolve) => setTimeout(resolve, 100))
process.stdout.write(
  JSON.stringify({ count, deaths, uncalled: Object.keys(plays).filter((key) => !called.has(key)) }),
  () => process.exit(0),
)
