import { describe, expect, it } from 'vitest'
import { FrameBuffer, Http2Machine, type Http2Stream, MachineEvent, PREFACE } from '../src/http2.ts'

const ping = 6
const windowUpdate = 8

/** A server, and a client that says one frame at a time. */
class Connection {
  readonly machine: Http2Machine = new Http2Machine('server')

  constructor() {
    const out = new FrameBuffer()
    out.appendText(PREFACE)
    out.settings([])
    this.#take(out)
  }

  /** Whether the connection goes on. */
  say(type: number, stream: number, payload: readonly number[], flags: number = 0): boolean {
    const out = new FrameBuffer()
    out.head(payload.length, type, flags, stream)
    out.append(Uint8Array.from(payload))
    return this.#take(out)
  }

  /** One request, whose response has begun. */
  ask(): Http2Stream {
    // GET of https, with :authority a; END_STREAM and END_HEADERS
    this.say(1, 1, [0x82, 0x87, 0x84, 1, 1, 97], 5)
    const stream = this.machine.stream!
    this.machine.send(stream, [[':status', '200']], false)
    return stream
  }

  /** Opens both windows a little. */
  open(stream: Http2Stream, bytes: number): boolean {
    return this.say(windowUpdate, stream.id, [0, 0, 0, bytes]) && this.say(windowUpdate, 0, [0, 0, 0, bytes])
  }

  #take(out: FrameBuffer): boolean {
    const bytes = out.take()
    const { machine } = this
    for (let event, p = 0; (event = machine.next(bytes, p, bytes.length)) !== MachineEvent.More; p = machine.pos)
      if (event === MachineEvent.Fault) return false
    machine.out.clear()
    return true
  }
}

const content = new Uint8Array(100)
const eight = [0, 0, 0, 0, 0, 0, 0, 0]

describe('what a client costs beside its requests (RFC 9113 §10.5)', () => {
  it('a PING and an update of both windows for each piece of content are no abuse: that is how clients measure', () => {
    const connection = new Connection()
    const stream = connection.ask()
    for (let i = 0; i < 20_000; i++) {
      connection.machine.data(stream, content, 0, 100, false)
      expect(connection.say(ping, 0, eight) && connection.open(stream, 100)).toBe(true)
    }
  })

  it('without content they are, and those that nobody needs between pieces of it', () => {
    const idle = new Connection()
    let pings = 0
    while (idle.say(ping, 0, eight)) pings++
    // one that its SETTINGS have cost
    expect(pings).toBe(999)
    const busy = new Connection()
    const stream = busy.ask()
    let pieces = 0
    for (let isOpen = true; isOpen; pieces++) {
      busy.machine.data(stream, content, 0, 100, false)
      isOpen = [1, 2, 3].every(() => busy.say(ping, 0, eight)) && busy.open(stream, 100)
    }
    expect(pieces).toBeLessThan(600)
  })

  it('windows that let a byte through at a time are, whatever comes through them', () => {
    const connection = new Connection()
    const stream = connection.ask()
    const { machine } = connection
    for (let left = machine.room(stream); left > 0; left = machine.room(stream)) {
      const piece = new Uint8Array(left)
      machine.data(stream, piece, 0, left, false)
    }
    let bytes = 0
    while (connection.open(stream, 1)) {
      machine.data(stream, content, 0, machine.room(stream), false)
      bytes++
    }
    expect(bytes).toBeLessThan(5100)
  })
})
