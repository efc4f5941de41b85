// Servers without sockets, for tests.
import type { Handler } from '../exchange/context.ts'
import { accept } from '../http1/accept.ts'
import { Http2Connection } from '../http2/connection.ts'
import { ServerCore } from '../server/server-core.ts'
import { readOptions } from '../exchange/read-options.ts'
import { closeRules } from '../server/rules.ts'
import type { Closed, Server, ServerOptions } from '../server/server.ts'
import { shutdown } from '../server/shutdown.ts'
import type { Peer, Transport } from '../transport/transport.ts'
import { ClientEnd, MemoryTransport } from './memory-transport.ts'

/** The client's end of an in-memory connection. */
export interface MemoryClient {
  /** Everything the server has sent so far, as latin1. */
  readonly received: string
  /** In how many writes the server's bytes came. */
  readonly writes: number
  /** Whether the server has stopped reading; bytes sent in the meantime wait. */
  readonly paused: boolean
  /** How the server ended: still `open`, its side `ended` (FIN), `closed` both, or `reset`. */
  readonly state: 'open' | 'ended' | 'closed' | 'reset'
  /** Resolves when the server has sent more, or has ended the connection. */
  changed(): Promise<void>
  /** Sends bytes; strings are latin1. */
  send(bytes: string | Uint8Array): void
  /** Ends the sending side (FIN). */
  end(): void
  /** Leaves abruptly (RST). */
  reset(): void
  /** Takes `room` more bytes and then stops: the server's writes have to wait. Default: none. */
  stall(room?: number): void
  /** Takes everything that is waiting, and what follows. */
  drain(): void
}

/** A server without sockets: the real parser and the real state machine, in memory and with a clock that moves only when told to. */
export interface TestServer {
  readonly server: Server
  /** Connects a client that sends and receives bytes. @param peer describes it; with the `alpn` `h2` the server speaks HTTP/2. */
  connect(peer?: Partial<Peer>): MemoryClient
  /** The same, for clients that use a transport: `Http2Client`, or `connectWebSocket`. */
  open(peer?: Partial<Peer>): Transport
  /** Lets this many milliseconds pass for every deadline of the server. */
  advance(ms: number): void
  /** @internal Milliseconds between two ticks of its clock. */
  readonly interval: number
}

/** Creates a server for tests; it needs no port and never waits. */
export function testServer(handler: Handler, options: ServerOptions = {}): TestServer {
  let closing: Promise<Closed> | undefined
  const server: Server = {
    url: 'memory:',
    port: 0,
    get closing() {
      return closing !== undefined
    },
    get stats() {
      return core.stats
    },
    listen: () => Promise.reject(new Error('A test server does not listen: use `connect` or `open`')),
    accept: (transport) => accept(core, transport),
    close: (how) => (closing ??= shutdown(core, readOptions(closeRules, how).deadline)),
    ref: () => server,
    unref: () => server,
    [Symbol.asyncDispose]: () => server.close().then(() => {}),
  }
  const core = new ServerCore(server, handler, options)
  const connect = (peer: Partial<Peer> = {}): MemoryTransport => {
    const transport = new MemoryTransport({ address: '127.0.0.1', port: 50_000, secure: false, ...peer })
    if (peer.alpn !== 'h2') accept(core, transport)
    else {
      let connection: Http2Connection | undefined
      accept(core, transport, (...args) => (connection = new Http2Connection(...args)))
      connection?.begin()
    }
    return transport
  }
  return {
    server,
    connect: (peer) => new Client(connect(peer)),
    open: (peer) => new ClientEnd(connect(peer)),
    interval: core.clock.interval,
    advance: (ms) => {
      for (let passed = 0; passed < ms; passed += core.clock.interval) core.clock.tick()
    },
  }
}

class Client implements MemoryClient {
  readonly #transport: MemoryTransport

  constructor(transport: MemoryTransport) {
    this.#transport = transport
  }

  get received(): string {
    return this.#transport.received
  }

  get writes(): number {
    return this.#transport.writes
  }

  get paused(): boolean {
    return this.#transport.paused
  }

  get state(): MemoryClient['state'] {
    return this.#transport.state
  }

  changed(): Promise<void> {
    return new Promise((resolve) => this.#transport.watch(resolve))
  }

  send(bytes: string | Uint8Array): void {
    // A copy, because the server may change the bytes it is given.
    this.#transport.receive(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes.slice())
  }

  end(): void {
    this.#transport.receive('end')
  }

  reset(): void {
    this.#transport.close('reset', new Error('read ECONNRESET'))
  }

  stall(room = 0): void {
    this.#transport.take(room)
  }

  drain(): void {
    this.#transport.take(Infinity)
  }
}
