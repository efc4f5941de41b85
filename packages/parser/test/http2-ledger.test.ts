import { describe, expect, it } from 'vitest'
import { FrameBuffer, Http2Machine, type Http2Stream, MachineEvent, PREFACE, http2Faults } from '../src/http2.ts'

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

/** A stream of a client with content to come, and one that is complete: `:method`, `:scheme`, `:path`, `:authority`. */
const post = [0x83, 0x87, 0x84, 1, 1, 97]
const get = [0x82, 0x87, 0x84, 1, 1, 97]
/** HEADERS that complete a head; with 1, the request. */
const head = (connection: Connection, stream: number, block = post, flags = 4): boolean =>
  connection.say(1, stream, block, flags)
const reset = (connection: Connection, stream: number): boolean => connection.say(3, stream, [0, 0, 0, 8])
/** Trailers that do not end their stream, which is an error of the stream (RFC 9113 §8.1). */
const broken = (connection: Connection, stream: number): boolean => connection.say(1, stream, [0, 1, 120, 1, 121], 4)
/** PRIORITY that depends on stream 0. */
const priority = [0, 0, 0, 0, 1]

/** What a client may do, after the SETTINGS that it begins with. */
const costs: readonly (readonly [string, number, (connection: Connection, i: number) => boolean])[] = [
  ['a stream that it gives up', 1, (c, i) => head(c, 2 * i + 1) && reset(c, 2 * i + 1)],
  ['a request that is malformed, as it has no :path', 5, (c, i) => head(c, 2 * i + 1, [0x82, 0x87], 5)],
  ['a request that is reset because of what follows it', 5, (c, i) => head(c, 2 * i + 1) && broken(c, 2 * i + 1)],
  ['DATA without content', 1, (c, i) => (i > 0 || head(c, 1)) && c.say(0, 1, [])],
  ['a PING', 1, (c) => c.say(ping, 0, eight)],
  ['SETTINGS', 1, (c) => c.say(4, 0, [])],
  ['a window that is opened by a byte', 0.1, (c) => c.say(windowUpdate, 0, [0, 0, 0, 1])],
  ['PRIORITY', 0.1, (c) => c.say(2, 1, priority)],
  ['a frame of an unknown type', 0.1, (c) => c.say(0x77, 0, [])],
]

describe('of a budget of 1000 points', () => {
  it.each(costs)('%s costs %d', (_, price, act) => {
    const connection = new Connection()
    let count = 0
    while (count < 20_000 && act(connection, count)) count++
    // One point goes to the SETTINGS. What costs a tenth is not exact in binary.
    expect(Math.abs(count - Math.floor(999 / price))).toBeLessThanOrEqual(1)
    // ENHANCE_YOUR_CALM (RFC 9113 §7)
    expect([connection.machine.fault, http2Faults.ABUSE.error]).toEqual(['ABUSE', 11])
  })

  it('a stream beyond the allowed number costs 5', () => {
    const connection = new Connection()
    for (let i = 0; i < 100; i++) expect(head(connection, 2 * i + 1)).toBe(true)
    let count = 0
    while (head(connection, 2 * (100 + count) + 1)) count++
    expect(count).toBe(199)
  })

  it('a request that is answered gives back 2, and a second 50, but never more than there were', () => {
    const connection = new Connection()
    const { machine } = connection
    for (let i = 0; i < 500; i++) connection.say(ping, 0, eight)
    const before = machine.ledger.points
    head(connection, 1, get, 5)
    machine.send(machine.stream!, [[':status', '204']], true)
    expect(machine.ledger.points).toBe(before + 2)
    machine.ledger.refill(1000)
    expect(machine.ledger.points).toBe(before + 52)
    machine.ledger.refill(3_600_000)
    expect(machine.ledger.points).toBe(1000)
  })
})
