// oxlint-disable vitest/no-standalone-expect -- the checks of model.test.ts
import { expect, vi } from 'vitest'
import { type Closed, type Context, HttpError, type Outcome, Reply } from '../../src/index.ts'
import { type MemoryClient, type TestServer, testServer } from '../../src/testing.ts'
import { type Deferred, type Message, deferred, get, post, postChunked, replies, request, turn } from '../support.ts'

/** Most bytes of one read. */
const readBytes = 64 * 1024

const kilobytes = (n: number): string => 'x'.repeat(n * 1000)

/** Kinds of requests; the path starts with it, so that the handler knows what to do. */
export const kinds = [
  'get',
  'head',
  'last',
  'old',
  'wait',
  'stream',
  'large',
  'big',
  'read',
  'readLarge',
  'readChunks',
  'tooMuch',
  'unread',
  'unreadWait',
  'expect',
  'unknown',
  'garbage',
  'readBroken',
] as const
export type Kind = (typeof kinds)[number]

const requests: Record<Kind, (path: string) => string> = {
  get: (path) => get(path),
  head: (path) => request('HEAD', path),
  last: (path) => get(path, 'Connection: close\r\n'),
  old: (path) => get(path, 'Connection: keep-alive\r\n', '1.0'),
  wait: (path) => get(path),
  stream: (path) => get(path),
  large: (path) => get(path),
  big: (path) => get(path),
  read: (path) => post(kilobytes(1), path),
  readLarge: (path) => post(kilobytes(300), path),
  readChunks: (path) => postChunked(['abc', kilobytes(2), 'd'], path, 'X-Sum: 1\r\n\r\n'),
  tooMuch: (path) => post(kilobytes(600), path),
  unread: (path) => post(kilobytes(20), path),
  unreadWait: (path) => postChunked([kilobytes(90)], path),
  expect: (path) => `${request('POST', path, 'Expect: 100-continue\r\nContent-Length: 3\r\n')}abc`,
  unknown: (path) => request('POST', path, 'Expect: x\r\nContent-Length: 3\r\n') + 'abc',
  garbage: () => 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
  readBroken: (path) => postChunked(['abc'], path).replace('abc', 'abcd'),
}

/** A request that a handler was called for. */
interface Handled {
  readonly connection: number
  /** Counts up within a connection, from 1. */
  readonly id: number
  readonly context: Context
  readonly outcomes: Outcome[]
  answer: Deferred<unknown> | undefined
}

interface Connection {
  readonly client: MemoryClient
  readonly methods: string[]
  /** Bytes that the client is going to send. */
  queue: string
  ended: boolean
  /** What had come when the server ended its side. */
  final: string | undefined
}

/** Whether core has answered because all of it took too long. */
function isTimeout(outcome: Outcome | undefined): boolean {
  return outcome?.status === 503 || outcome?.status === 408
}

/** A server, its clients, and everything that has to be true of them at any time. */
export class World {
  readonly t: TestServer
  readonly connections: Connection[] = []
  readonly handled: Handled[] = []
  closed: Closed | undefined
  closing: boolean = false

  constructor() {
    this.t = testServer((c) => this.#handle(c), {
      limits: { bodyBytes: 500_000, discardBytes: 50_000, requestsPerConnection: 40, bufferedBytes: 1_000_000 },
      timeouts: { head: 4000, bodyIdle: 4000, keepAlive: 8000, writeStall: 12_000, request: 25_000, linger: 2000 },
      onError: (error, c) => {
        const status = error instanceof HttpError ? error.status : ((error as { status?: number }).status ?? 500)
        return new Reply('failed', { status, headers: { 'x-id': c!.path.split('/')[2]! } })
      },
    })
  }

  connect(): void {
    // A server that is closing accepts nothing.
    if (this.closing) return
    const client = this.t.connect({ port: this.connections.length })
    this.connections.push({ client, methods: [], queue: '', ended: false, final: undefined })
  }

  /** A request joins what a client is going to send. */
  prepare(connection: Connection, kind: Kind): void {
    const wire = requests[kind](`/${kind}/${connection.methods.length + 1}`)
    connection.methods.push(wire.slice(0, wire.indexOf(' ')))
    connection.queue += wire
  }

  send(connection: Connection, bytes: number): void {
    // In pieces as a socket reads them.
    for (let left = bytes; left > 0 && connection.queue !== ''; left -= readBytes) {
      const piece = connection.queue.slice(0, Math.min(left, readBytes))
      connection.client.send(piece)
      connection.queue = connection.queue.slice(piece.length)
    }
  }

  /** Handlers that wait to be told how to go on. */
  waiting(): Handled[] {
    return this.handled.filter((handled) => handled.answer)
  }

  release(handled: Handled, error?: Error): void {
    const { answer } = handled
    handled.answer = undefined
    if (error) answer!.reject(error)
    else answer!.resolve(undefined)
  }

  advance(ms: number): void {
    this.t.advance(ms)
    vi.advanceTimersByTime(ms)
  }

  shutdown(deadline: number): void {
    this.closing = true
    void this.t.server.close({ deadline }).then((closed) => (this.closed = closed))
  }

  #handle(c: Context): Reply | Promise<Reply> {
    const [, kind, id] = c.path.split('/')
    const handled: Handled = { connection: c.peer.port, id: Number(id), context: c, outcomes: [], answer: undefined }
    this.handled.push(handled)
    c.done((outcome) => handled.outcomes.push(outcome))
    const init = { headers: { 'x-id': id! } }
    const wait = (): Promise<unknown> => {
      handled.answer = deferred<unknown>()
      return handled.answer.promise
    }
    if (kind === 'large') return c.text(kilobytes(270), init)
    if (kind === 'big') return c.text(kilobytes(60), init)
    if (kind === 'stream')
      return c.stream(
        (async function* () {
          for (let i = 0; i < 3; i++) {
            yield kilobytes(10)
            await wait()
          }
        })(),
        init,
      )
    if (/^(read|tooMuch|expect)/.test(kind!)) return c.body.text().then((text) => c.text(`${text.length}`, init))
    return /[wW]ait/.test(kind!) ? wait().then(() => c.text('waited', init)) : c.text(kind!, init)
  }

  /** Everything that has to be true after every step. */
  check(): void {
    for (const [i, connection] of this.connections.entries()) this.#checkWire(i, connection)
    for (const handled of this.handled) {
      expect(handled.outcomes.length).toBeLessThan(2)
      const { signal } = handled.context
      const [outcome] = handled.outcomes
      if (outcome?.kind === 'aborted') expect(signal.aborted).toBe(true)
      // A client that ended its side early is told of as gone and gets its reply all the same; core's own says it, too.
      else if (!this.connections[handled.connection]!.ended && !isTimeout(outcome)) expect(signal.aborted).toBe(false)
    }
  }

  #checkWire(index: number, connection: Connection): void {
    const { client, methods } = connection
    const all = replies(client.received, methods).filter((message) => message.status >= 200)
    const ids = all.map((message) => Number(message.fields.get('x-id') ?? Number.NaN))
    // In order, none left out, none twice; what has no id is core's own: a refused expectation, or its last word.
    for (const [i, id] of ids.entries())
      if (all[i]!.status === 417) continue
      else if (Number.isNaN(id)) expect([i, all[i]!.fields.get('connection')]).toEqual([all.length - 1, 'close'])
      else expect(id).toBe(i + 1)
    for (const [i, message] of all.entries()) {
      if (i < all.length - 1) expect(message.complete).toBe(true)
      if (message.fields.get('connection') === 'close') expect(i).toBe(all.length - 1)
    }
    this.#checkOutcomes(index, all)
    if (connection.final !== undefined) expect(client.received).toBe(connection.final)
    else if (client.state !== 'open') connection.final = client.received
  }

  /** What `done` says is what the client sees. */
  #checkOutcomes(index: number, all: readonly Message[]): void {
    for (const { connection, id, outcomes } of this.handled) {
      const [outcome] = outcomes
      if (connection !== index || !outcome) continue
      const seen = all[id - 1]
      if (outcome.kind === 'sent') expect([id, seen?.status, seen?.complete]).toEqual([id, outcome.status, true])
      else if (seen) expect([id, seen.complete]).toEqual([id, false])
    }
  }

  /** Bytes held are bounded: the server measures them each tick, and is full beyond `limits.bufferedBytes`. */
  checkMemory(): void {
    if (this.closing) return
    const probe = this.t.connect()
    expect(probe.received).toBe('')
    probe.end()
  }

  /** Ends everything, and looks at what has to be true then. */
  async finish(): Promise<void> {
    if (!this.closing) this.shutdown(5000)
    await turn()
    this.advance(10_000)
    await turn(4)
    expect(this.t.server.stats).toEqual({ open: 0, active: 0 })
    expect(this.closed).toBeDefined()
    for (const handled of this.waiting()) this.release(handled)
    await turn(4)
    this.check()
    for (const { outcomes } of this.handled) expect(outcomes).toHaveLength(1)
  }
}
