import { Http2Machine, type Http2Stream, MachineEvent } from '@spillway/parser/http2'
import { StreamsLog } from '../src/model/streams-log.ts'

/** A client and a server whose bytes are kept, with who has sent them and when. */
export class Talk {
  readonly client: Http2Machine = new Http2Machine('client')
  readonly server: Http2Machine = new Http2Machine('server')
  readonly said: { readonly way: 'in' | 'out'; readonly bytes: Uint8Array; readonly at: number }[] = []
  readonly asked: Http2Stream[] = []
  #at = 0

  constructor() {
    this.client.start()
    this.server.start()
    this.pass()
  }

  /** What both sides have to say goes over. */
  pass(): void {
    this.#at += 10
    for (const way of ['in', 'out'] as const) {
      const [from, to] = way === 'in' ? [this.client, this.server] : [this.server, this.client]
      const bytes = from.out.take().slice()
      if (bytes.length === 0) continue
      this.said.push({ way, bytes: bytes.slice(), at: this.#at })
      for (let event, p = 0; (event = to.next(bytes, p, bytes.length)) !== MachineEvent.More; p = to.pos) {
        if (event === MachineEvent.Fault) throw new Error(to.fault)
        if (event === MachineEvent.Head && to === this.server) this.asked.push(to.stream!)
        if (event === MachineEvent.Content) to.release(undefined, to.dataEnd - to.dataStart)
      }
    }
  }

  ask(path: string): Http2Stream {
    const fields = [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', path],
      [':authority', 'a'],
    ] as const
    const stream = this.client.request(fields, true)
    this.pass()
    return stream
  }

  answer(stream: Http2Stream, status: string, bytes: number, ends: boolean): void {
    this.server.send(stream, [[':status', status]], false)
    this.server.data(stream, new Uint8Array(bytes), 0, bytes, ends)
    this.pass()
  }

  /** Tells a log of it, in pieces of so many bytes. */
  told(size: number = Infinity): StreamsLog {
    const log = new StreamsLog()
    for (const { way, bytes, at } of this.said)
      for (let p = 0; p < bytes.length; p += size) {
        // The preface and the first SETTINGS show what it is.
        const end = p === 0 ? Math.max(size, 24) : p + size
        log.record(7, way, bytes.subarray(p, end), at)
        if (p === 0 && end > size) p = end - size
      }
    return log
  }
}
