// The lab's own client.
import { type Socket, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Transport, TransportSink } from '@spillway/core'
import { MessageParser, type ParserEvent } from '@spillway/parser'
import type { Run } from '../model/tried.ts'
import type { Recorder } from '@spillway/inspect/parts'

/** Where the server listens. */
export interface Target {
  readonly host: string
  readonly port: number
}

/** A response as the client's parser read it. */
export interface Answer {
  readonly status: number
  readonly fields: ReadonlyMap<string, string>
  /** Bytes of content. */
  readonly length: number
  /** The beginning of the content, one character per byte. */
  readonly text: string
  readonly ms: number
}

/** Most bytes kept of what was sent, and of what was received. */
const mostKept = 8 * 1024
/** Milliseconds after which the client gives up, whatever it is doing. */
const mostTime = 20_000

/** Marks the connections of the lab's client. */
export type Marker = Pick<Recorder, 'mark' | 'unmark'>

/**
 * One connection of the lab's own client: a plain socket, and the parser for what comes back. It can break the rules of
 * HTTP, since the caller supplies the bytes; it connects to the lab and to nothing else.
 */
export class Dialogue {
  readonly label: string
  /** Resolves when the connection is gone. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #parser: MessageParser = new MessageParser('response')
  readonly #methods: string[] = []
  readonly #sent: Kept = new Kept()
  readonly #received: Kept = new Kept()
  readonly #started: number = performance.now()
  readonly #answers: Answer[] = []
  #reading: { -readonly [K in keyof Answer]: Answer[K] } | undefined
  #asked = 0
  #connection = 0
  #ended: Run['ended'] = 'not yet'
  #ms = 0
  #wake: (() => void) | undefined
  /** Receives the bytes when a protocol other than HTTP/1.1 is spoken here. */
  #sink: TransportSink | undefined

  private constructor(socket: Socket, label: string) {
    this.label = label
    this.#socket = socket
    socket.setTimeout(mostTime, () => this.leave())
    socket.on('data', (bytes) => this.#take(bytes))
    socket.on('end', () => this.#finished())
    socket.on('drain', () => this.#sink?.onDrain())
    socket.on('error', () => this.#end('reset by the server'))
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#end('by the server')
        this.#sink?.onClose()
        resolve()
      })
    })
  }

  /** @throws the system's error when the connection is refused. */
  static async open({ host, port }: Target, label: string, marker: Marker): Promise<Dialogue> {
    const socket = connect({ host, port, noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    const dialogue = new Dialogue(socket, label)
    const peer = { address: socket.localAddress ?? '', port: socket.localPort ?? 0, secure: false }
    marker.mark(peer, 'lab', label, (connection) => (dialogue.#connection = connection))
    socket.on('close', () => marker.unmark(peer))
    return dialogue
  }

  /** Whether the server has ended its side. */
  get over(): boolean {
    return this.#ended !== 'not yet'
  }

  /** Sends bytes; text is latin1. */
  send(bytes: string | Uint8Array): void {
    const piece = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    this.#sent.add(piece)
    if (this.#socket.writable) this.#socket.write(piece)
  }

  /** Sends a request; the method determines how its response is framed. */
  ask(method: string, bytes: string | Uint8Array): void {
    this.#methods.push(method)
    this.#parser.expect(method)
    this.#asked = performance.now()
    this.send(bytes)
  }

  /** Sends piece after piece, `pause` ms apart, until there are no more or the server has ended its side. */
  async drip(pieces: Iterable<string>, pause: number): Promise<void> {
    for (const piece of pieces) {
      if (this.over) return
      this.send(piece)
      await sleep(pause)
    }
  }

  /** Resolves with the next final response; undefined when the connection ends before it is complete. */
  async answer(): Promise<Answer | undefined> {
    while (this.#answers.length === 0 && !this.over) await this.#news()
    return this.#answers.shift()
  }

  /** Resolves once that many bytes have been received, or can no longer be. */
  async received(bytes: number): Promise<void> {
    while (this.#received.total < bytes && !this.over) await this.#news()
  }

  /** Ends our side cleanly (FIN), and waits for the server to end its side. */
  async finish(): Promise<void> {
    if (!this.over) this.#end('by the client')
    this.#socket.end()
    await this.closed
  }

  /** Resets the connection (RST), as happens when a client's process dies. */
  leave(): void {
    this.#end('by the client')
    this.#socket.resetAndDestroy()
  }

  /** Hands over the connection for another protocol to be spoken on it. */
  transport(): Transport {
    const socket = this.#socket
    return {
      peer: { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0, secure: false },
      get bufferedBytes() {
        return socket.writableLength
      },
      attach: (sink) => (this.#sink = sink),
      write: (chunk) => {
        this.send(chunk)
        return !socket.writableNeedDrain
      },
      cork: () => socket.cork(),
      uncork: () => socket.uncork(),
      flushed: (done) => socket.write('', (error) => done(!error)),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      end: () => void this.finish(),
      destroy: () => socket.destroy(),
      reset: () => this.leave(),
    }
  }

  /** What is reported about this connection. */
  get run(): Run {
    const ms = this.over ? this.#ms : performance.now() - this.#started
    const { label } = this
    const [sent, received] = [this.#sent, this.#received]
    return {
      label,
      connection: this.#connection,
      sent: sent.base64,
      received: received.base64,
      total: { sent: sent.total, received: received.total },
      methods: this.#methods,
      ended: this.#ended,
      ms,
    }
  }

  #take(bytes: Buffer): void {
    this.#received.add(bytes)
    if (this.#sink) return this.#sink.onData(bytes, true)
    try {
      for (const event of this.#parser.feed(bytes)) this.#read(event)
    } catch {
      // What is not HTTP is kept as it is; nobody waits for a response in it.
    }
    this.#wake?.()
  }

  /** The server has ended its side, which may also end a response. */
  #finished(): void {
    this.#sink?.onEnd()
    try {
      for (const event of this.#parser.end()) this.#read(event)
    } catch {
      // An incomplete response does not count as an answer.
    }
    this.#end('by the server')
  }

  #read(event: ParserEvent): void {
    if (event.type === 'response') {
      const { status } = event.head
      this.#reading = { status, fields: new Map(event.head), length: 0, text: '', ms: 0 }
    }
    const reading = this.#reading
    if (!reading) return
    if (event.type === 'data') {
      reading.length += event.data.length
      if (reading.text.length < mostKept) reading.text += Buffer.from(event.data).toString('latin1')
    }
    if (event.type !== 'end') return
    reading.ms = performance.now() - this.#asked
    // An interim response is not the answer yet.
    if (reading.status >= 200 || reading.status === 101) this.#answers.push(reading)
  }

  #end(how: Run['ended']): void {
    if (this.#ended !== 'not yet') return
    this.#ended = how
    this.#ms = performance.now() - this.#started
    this.#wake?.()
  }

  #news(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve))
  }
}

/** Keeps the first bytes of many. */
class Kept {
  total = 0
  readonly #chunks: Uint8Array[] = []
  #kept = 0

  add(bytes: Uint8Array): void {
    this.total += bytes.length
    const part = bytes.slice(0, mostKept - this.#kept)
    if (part.length > 0) this.#chunks.push(part)
    this.#kept += part.length
  }

  get base64(): string {
    return Buffer.concat(this.#chunks).toString('base64')
  }
}
