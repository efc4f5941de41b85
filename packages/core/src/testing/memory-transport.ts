// Connections in memory: both ends, with buffers that are overwritten like those of sockets.
import type { Peer, Transport, TransportSink } from '../transport/transport.ts'

/** The server's end. Events come synchronously; a close, like a socket's, comes after the call that caused it. */
export class MemoryTransport implements Transport {
  readonly peer: Peer
  received: string = ''
  writes: number = 0
  paused: boolean = false
  state: 'open' | 'ended' | 'closed' | 'reset' = 'open'
  /** Bytes that may still be under way to the client. */
  room: number = Infinity
  #news: string[] = []
  #sink: TransportSink | undefined
  #corked: string[] | undefined
  #corkedBytes = 0
  #pending = ''
  #flushed: ((ok: boolean) => void)[] = []
  #inbox: (Uint8Array | 'end')[] = []
  #watchers: (() => void)[] = []
  #readers: (() => void)[] = []
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

  /** What has reached the client since this was last called. Looking at `received` after each piece would copy everything each time. */
  news(): Uint8Array {
    return Buffer.from(this.#news.splice(0).join(''), 'latin1')
  }

  /** Bytes that the server has not read. */
  get unread(): number {
    return this.#inbox.reduce((sum, item) => sum + (item === 'end' ? 0 : item.length), 0)
  }

  /** Calls back once, when the server has read everything, or it is certain that it never will. */
  whenRead(read: () => void): void {
    this.#readers.push(read)
  }

  /** Calls back once, when something reaches the client. */
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

  /** The client takes what is waiting, and what follows, as long as there is room. */
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
    for (const read of this.#readers.splice(0)) queueMicrotask(read)
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
    if (part !== '') {
      this.#news.push(part)
      this.#changed()
    }
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
        // The bytes were only lent: code that has kept them will notice here.
        item.fill(0)
      } else {
        this.#peerEnded = true
        this.#sink?.onEnd()
        if (this.state === 'ended') this.close('closed')
      }
    }
    if (this.#inbox.length === 0) for (const read of this.#readers.splice(0)) queueMicrotask(read)
  }
}

/** The client's end, as a transport: it reads what the server has sent, and what it writes reaches the server. */
export class ClientEnd implements Transport {
  readonly #server: MemoryTransport
  #sink: TransportSink | undefined
  #isPaused = false
  #hasEnded = false
  #isClosed = false

  constructor(server: MemoryTransport) {
    this.#server = server
    this.#watch()
  }

  get peer(): Peer {
    return { address: '127.0.0.1', port: 0, secure: this.#server.peer.secure, alpn: this.#server.peer.alpn }
  }

  /** What the server does not read waits on the server's side. */
  get bufferedBytes(): number {
    return this.#server.unread
  }

  attach(sink: TransportSink): void {
    this.#sink = sink
    queueMicrotask(() => this.#deliver())
  }

  write(chunk: string | Uint8Array): boolean {
    // A copy, because the server may change the bytes it is given.
    this.#server.receive(Buffer.from(chunk as string, 'latin1'))
    if (this.#server.unread === 0) return true
    this.#server.whenRead(() => this.#sink?.onDrain())
    return false
  }

  cork(): void {}
  uncork(): void {}

  flushed(done: (ok: boolean) => void): void {
    if (this.#server.unread === 0) done(this.#server.isOpen)
    else this.#server.whenRead(() => done(this.#server.isOpen))
  }

  pause(): void {
    this.#isPaused = true
    this.#server.take(0)
  }

  resume(): void {
    this.#isPaused = false
    this.#server.take(Infinity)
    queueMicrotask(() => this.#deliver())
  }

  end(): void {
    this.#server.receive('end')
  }

  destroy(): void {
    this.#server.close('closed')
  }

  reset(): void {
    this.#server.close('reset', new Error('read ECONNRESET'))
  }

  #watch(): void {
    this.#server.watch(() => {
      queueMicrotask(() => this.#deliver())
      if (!this.#isClosed) this.#watch()
    })
  }

  #deliver(): void {
    const sink = this.#sink
    if (!sink || this.#isPaused || this.#isClosed) return
    const { state } = this.#server
    const bytes = this.#server.news()
    if (bytes.length > 0) sink.onData(bytes, true)
    if (state !== 'open' && !this.#hasEnded) {
      this.#hasEnded = true
      sink.onEnd()
    }
    if (state !== 'closed' && state !== 'reset') return
    this.#isClosed = true
    sink.onClose(state === 'reset' ? new Error('read ECONNRESET') : undefined)
  }
}
