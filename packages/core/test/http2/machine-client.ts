import { type Socket, connect } from 'node:net'
import {
  type Http2Fault,
  Http2Machine,
  type Http2Response,
  type Http2Stream,
  MachineEvent,
} from '@spillway/parser/http2'
import { until } from '../support.ts'

type Fields = readonly (readonly [string, string])[]

/** What a stream of the client has got. */
export interface Got {
  status: number
  fields: [string, string][]
  body: string
  trailers: Fields | null
  ended: boolean
  reset: number | undefined
}

/** A client in clear, made of the parser's machine: it can do what no other client does. */
export class MachineClient {
  readonly machine: Http2Machine = new Http2Machine('client')
  readonly socket: Socket
  /** GOAWAYs that came: the last stream that is answered. */
  readonly goaways: number[] = []
  readonly #got: Map<Http2Stream, Got> = new Map()
  isOver = false

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    this.socket.on('data', (chunk) => this.#read(chunk))
    this.socket.on('error', () => {})
    this.socket.on('end', () => (this.isOver = true))
    this.socket.on('close', () => (this.isOver = true))
    this.machine.start()
    this.flush()
  }

  get fault(): Http2Fault['code'] | undefined {
    return this.machine.fault
  }

  flush(): void {
    if (this.machine.out.length > 0) this.socket.write(this.machine.out.take())
  }

  request(method: string, path: string, ends = true, more: Fields = []): Http2Stream {
    const head: Fields = [
      [':method', method],
      [':scheme', 'http'],
      [':path', path],
      [':authority', 'localhost'],
    ]
    return this.open([...head, ...more], ends)
  }

  open(fields: Fields, ends: boolean): Http2Stream {
    const stream = this.machine.request(fields, ends)
    this.#got.set(stream, { status: 0, fields: [], body: '', trailers: null, ended: false, reset: undefined })
    this.flush()
    return stream
  }

  write(stream: Http2Stream, text: string, ends: boolean): void {
    this.machine.data(stream, Buffer.from(text), 0, Buffer.byteLength(text), ends)
    this.flush()
  }

  got(stream: Http2Stream): Got {
    return this.#got.get(stream)!
  }

  /** What has come when the stream is over. */
  async all(stream: Http2Stream): Promise<Got> {
    const got = this.got(stream)
    await until(() => got.ended || got.reset !== undefined || this.isOver)
    return got
  }

  #read(chunk: Uint8Array): void {
    const { machine } = this
    for (let event, p = 0; (event = machine.next(chunk, p, chunk.length)) !== MachineEvent.More; p = machine.pos)
      this.#take(event, chunk)
    this.flush()
  }

  #take(event: MachineEvent, chunk: Uint8Array): void {
    const { machine } = this
    const stream = machine.stream!
    if (event === MachineEvent.Goaway) return void this.goaways.push(machine.lastAnswered)
    const got = this.#got.get(stream)
    if (!got) return
    if (event === MachineEvent.Head) {
      const head = stream.head as Http2Response
      got.status = head.status
      got.fields = [...head]
      got.ended = !stream.openIn
    } else if (event === MachineEvent.Content) {
      got.body += Buffer.from(chunk.subarray(machine.dataStart, machine.dataEnd)).toString()
      machine.release(stream, machine.dataEnd - machine.dataStart)
    } else if (event === MachineEvent.End) {
      got.trailers = machine.trailers
      got.ended = true
    } else if (event === MachineEvent.Reset) got.reset = machine.error
  }
}
