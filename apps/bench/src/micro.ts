// The cost of core alone in one process, without sockets: nanoseconds per request, the best of several runs.
// node dist/micro.js [name of a case]; with --cpu-prof in front of it, a profile of core alone.
import { accept } from '../../../packages/core/src/http1/accept.ts'
import type { Handler } from '../../../packages/core/src/exchange/context.ts'
import { askedOf, chosenFrom } from '@spillway/command-line'
import { router } from '@spillway/middleware/router'
import { ServerCore } from '../../../packages/core/src/server/server-core.ts'
import type { Server } from '../../../packages/core/src/server/server.ts'
import type { Peer, Transport, TransportSink } from '../../../packages/core/src/transport/transport.ts'
import { type BenchRequest, wireFormat, workloads } from './workloads.ts'

const runs = 9
/** Long enough for a run to outlast the pauses of the garbage collector. */
const milliseconds = 200

/** Discards what is written. */
class NoTransport implements Transport {
  readonly peer: Peer = { address: '127.0.0.1', port: 50_000, secure: false }
  readonly bufferedBytes = 0
  sink: TransportSink | undefined = undefined
  writes = 0
  bytes = 0

  attach(sink: TransportSink): void {
    this.sink = sink
  }

  write(chunk: string | Uint8Array): boolean {
    this.writes++
    this.bytes += chunk.length
    return true
  }

  cork(): void {}
  uncork(): void {}

  flushed(done: (ok: boolean) => void): void {
    done(true)
  }

  pause(): void {}
  resume(): void {}

  end(): void {
    throw new Error('core ended the connection')
  }

  destroy(): void {
    throw new Error('core destroyed the connection')
  }

  reset(): void {
    throw new Error('core reset the connection')
  }
}

interface Case {
  readonly name: string
  readonly handler: Handler
  readonly requests: readonly BenchRequest[]
  /** The reply comes in a later turn. */
  readonly later?: boolean
}

const content = 'x'.repeat(100)
const fields = [['Host', 'localhost']] as const
const withLength: BenchRequest = { method: 'POST', target: '/upload', fields, content }
const chunked: BenchRequest = { ...withLength, chunked: true }
const hello = requestOf('plaintext')

const cases: readonly Case[] = [
  { name: 'hello', handler: (c) => c.text('Hello, World!'), requests: [hello] },
  { name: '16 pipelined', handler: (c) => c.text('Hello, World!'), requests: Array.from({ length: 16 }, () => hello) },
  {
    name: '16 pipelined, routed',
    handler: router()
      .get('/plaintext', (c) => c.text('Hello, World!'))
      .get('/users/:id', (c) => c.text(c.params.id)),
    requests: Array.from({ length: 16 }, () => hello),
  },
  { name: 'browser', handler: (c) => c.text('Hello, World!'), requests: [requestOf('browser')] },
  {
    name: 'browser, 3 fields read',
    handler: (c) => {
      const { headers } = c
      return c.text(headers.get('accept') && headers.get('user-agent') && !headers.has('cookie') ? 'yes' : 'no')
    },
    requests: [requestOf('browser')],
  },
  { name: 'JSON of 5 fields', handler: (c) => c.json({ a: 1, b: 'two', c: true, d: null, e: [5] }), requests: [hello] },
  { name: 'asynchronous hello', handler: async (c) => c.text('Hello, World!'), requests: [hello], later: true },
  { name: 'POST 100 bytes, unread', handler: (c) => c.text('ok'), requests: [withLength] },
  { name: 'POST 100 bytes', handler: async (c) => c.text(await c.body.text()), requests: [withLength], later: true },
  {
    name: 'POST 100 bytes, chunked',
    handler: async (c) => c.text(await c.body.text()),
    requests: [chunked],
    later: true,
  },
]

const named = cases.map(({ name }) => name)
const usage = `[case]: measures what core does for a request, without a socket\n\n${named.join('\n')}`
const only = askedOf('micro', { usage, most: 1 }, ([name]) =>
  name === undefined ? undefined : chosenFrom('case', name, named),
)
for (const one of cases.filter(({ name }) => only === undefined || name === only)) {
  const times: number[] = []
  for (let run = 0; run < runs; run++) times.push(await measure(one))
  console.log(
    `${one.name.padEnd(26)} ${Math.min(...times)
      .toFixed(0)
      .padStart(6)} ns`,
  )
}
// The server's clock would keep the process alive.
process.exit()

async function measure({ handler, requests, later = false }: Case): Promise<number> {
  // Replies that come in a later turn are awaited for many connections at once, so that the wait itself hardly counts.
  const transports = Array.from({ length: later ? 32 : 1 }, () => new NoTransport())
  for (const transport of transports) connect(transport, handler)
  const bytes = Buffer.from(requests.map((request) => wireFormat(request)).join(''), 'latin1')
  const chunk = Buffer.alloc(bytes.length)
  let sent = 0
  const burst = (): void => {
    for (const { sink } of transports) {
      // Core may modify the bytes it is given.
      chunk.set(bytes)
      sink?.onData(chunk, false)
    }
    sent++
  }
  const behind = (): boolean => transports.some(({ writes }) => writes < sent)
  // Processor time, because other processes may use the processor too.
  const started = process.cpuUsage()
  let elapsed = 0
  while (elapsed < milliseconds * 1e6) {
    for (let i = 0; i < 500 / transports.length; i++) {
      burst()
      if (later) await until(() => !behind())
    }
    const { user, system } = process.cpuUsage(started)
    elapsed = (user + system) * 1000
  }
  if (behind()) throw new Error('replies are missing')
  for (const { sink } of transports) sink?.onClose()
  return elapsed / sent / transports.length / requests.length
}

/** Lets promises settle, and lets core do what it has deferred to the end of the turn. */
async function until(done: () => boolean): Promise<void> {
  for (let turns = 0; !done(); turns++) {
    if (turns === 100) throw new Error('no reply came')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function connect(transport: Transport, handler: Handler): void {
  const server: Server = {
    url: 'memory:',
    port: 0,
    closing: false,
    stats: { open: 0, active: 0 },
    listen: () => Promise.reject(new Error('not here')),
    accept: (other) => other.destroy(),
    close: () => Promise.resolve({ drained: 0, killed: 0 }),
    ref: () => server,
    unref: () => server,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
  accept(new ServerCore(server, handler, {}), transport)
}

function requestOf(name: string): BenchRequest {
  const request = workloads.find((workload) => workload.name === name)?.requests[0]
  if (!request) throw new Error(`no workload ${name}`)
  return request
}
