import type { Handler } from '../exchange/context.ts'
import { accept } from '../http1/accept.ts'
import { ServerCore } from '../server/server-core.ts'
import { readOptions } from '../server/read-options.ts'
import { closeRules } from '../server/rules.ts'
import type { Closed, Server, ServerOptions } from '../server/server.ts'
import { shutdown } from '../server/shutdown.ts'
import type { Peer, Transport, TransportSink } from '../transport/transport.ts'

/** The client's end of an in-memory connection. */
export interface MemoryClient {
  /** Everything the server has sent so far, as latin1. */
  readonly received: string
  /** Number of writes the server's bytes came in. */
  readonly writes: number
  /** Whether the server reads at the moment; bytes sent while it does not wait. */
  readonly paused: boolean
  /** How the server ended: still `open`, its side `ended` (FIN), `closed` both, or `reset`. */
  readonly state: 'open' | 'ended' | 'closed' | 'reset'
  /** Resolves when the server has sent more, or has ended the connection. */
  changed(): Promise<void>
  /** Sends bytes; strings are latin1. */
  send(bytes: string | Uint8Array): void
  /** Ends the sending side (FIN). */
  end(): void
  /** Leaves without a goodbye (RST). */
  reset(): void
  /** Takes `room` bytes more and then stops: the server's writes have to wait. Default: none. */
  stall(room?: number): void
  /** Takes everything that waits, and what follows. */
  drain(): void
}

/** A server without sockets: the true parser and the true state machine, over memory and a clock that stands still. */
export interface TestServer {
  readonly server: Server
  connect(peer?: Partial<Peer>): MemoryClient
  /** Lets time pass for every deadline of the server. Milliseconds. */
  advance(ms: number): void
}

/** Makes a server for tests; it needs no port and never waits. */
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
    listen: () => Promise.reject(new Error('A test server does not listen')),
    close: (how) => (closing ??= shutdown(core, readOptions(closeRules, how).deadline)),
    [Symbol.asyncDispose]: () => server.close().then(() => {}),
  }
  const core = new ServerCore(server, handler, options)
  return {
    server,
    connect: (peer = {}) => {
      const transport = new MemoryTransport({ address: '127.0.0.1', port: 50_000, secure: false, ...peer })
      accept(core, transport)
      return new Client(transport)
    },
    advance: (ms) => {
      for (let passed = 0; passed < ms; passed += core.clock.interval) core.clock.tick()
    },
  }
}

/** The server's end. Events come synchronously; a close, like a socket's, comes after the call that caused it. */
class MemoryTransport implements Transport {
  readonly peer: Peer
  received = ''
  writes = 0
  paused = false
  state: MemoryClient['state'] = 'open'
  /** Bytes that may still be under way to the client. */
  room = Infinity
  #sink: TransportSink | undefined
  #corked: string[] | undefined
  #corkedBytes = 0
  #pending = ''
  #flushed: ((ok: boolean) => void)[] = []
  #inbox: (Uint8Array | 'end')[] = []
  #watchers: (() => void)[] = []
  #peerEnded = false
  #ending = false

  constructor(peer: Peer) {
    this.peer = peer
  }

  get bufferedBytes(): number {
    return this.#pending.length
  }

  get isOpen(): boolean {
    return this.state === 'open' || this.state === 'ended'
  }

  attach(sink: TransportSink): void {
    this.#sink = sink
  }

  write(chunk: string | Uint8Array): boolean {
    if (this.state !== 'open' || this.#ending) throw new Error('write after end')
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1')
    if (!this.#corked) this.#send(text)
    else {
      this.#corked.push(text)
      this.#corkedBytes += text.length
    }
    return this.#pending.length === 0 && this.#corkedBytes <= this.room
  }

  cork(): void {
    this.#corked = []
  }

  uncork(): void {
    const parts = this.#corked ?? []
    this.#corked = undefined
    this.#corkedBytes = 0
    if (parts.length > 0) this.#send(parts.join(''))
  }

  flushed(done: (ok: boolean) => void): void {
    if (this.#pending === '') done(this.isOpen)
    else this.#flushed.push(done)
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.#deliver()
  }

  end(): void {
    this.#ending = true
    this.#finishEnd()
  }

  destroy(): void {
    this.close('closed')
  }

  reset(): void {
    this.close('reset')
  }

  /** Calls back once, when something comes to the client. */
  watch(changed: () => void): void {
    this.#watchers.push(changed)
  }

  #changed(): void {
    for (const changed of this.#watchers.splice(0)) changed()
  }

  /** The client sends bytes or its FIN. */
  receive(item: Uint8Array | 'end'): void {
    if (!this.isOpen) return
    this.#inbox.push(item)
    this.#deliver()
  }

  /** The client takes what waits, and what follows, as long as there is room. */
  take(room: number): void {
    const waited = this.#pending !== ''
    this.room = room
    this.#move()
    if (waited && this.#pending === '' && this.isOpen) this.#sink?.onDrain()
  }

  close(state: 'closed' | 'reset', error?: Error): void {
    if (!this.isOpen) return
    this.state = state
    this.#changed()
    this.#inbox = []
    this.#pending = ''
    for (const done of this.#flushed.splice(0)) done(false)
    queueMicrotask(() => this.#sink?.onClose(error))
  }

  #send(text: string): void {
    this.writes++
    this.#pending += text
    this.#move()
  }

  #move(): void {
    const part = this.#pending.slice(0, this.room)
    this.room -= part.length
    this.received += part
    if (part !== '') this.#changed()
    this.#pending = this.#pending.slice(part.length)
    if (this.#pending !== '') return
    for (const done of this.#flushed.splice(0)) done(true)
    this.#finishEnd()
  }

  #finishEnd(): void {
    if (!this.#ending || this.#pending !== '' || this.state !== 'open') return
    this.state = 'ended'
    this.#changed()
    if (this.#peerEnded) this.close('closed')
  }

  #deliver(): void {
    while (!this.paused && this.#inbox.length > 0) {
      const item = this.#inbox.shift()!
      if (item !== 'end') {
        this.#sink?.onData(item, false)
        // The bytes were only lent: who has kept them finds out here.
        item.fill(0)
      } else {
        this.#peerEnded = true
        this.#sink?.onEnd()
        if (this.state === 'ended') this.close('closed')
      }
    }
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
    // A copy: the server may change the bytes it is given.
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
