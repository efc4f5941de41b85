/* The machine against Node's HTTP/2, over a pipe in memory: what one side writes the other one must read. */
import { connect, performServerHandshake, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { Duplex, type DuplexOptions } from 'node:stream'
import { expect, test } from 'vitest'
import {
  Http2Machine,
  type Http2Request,
  type Http2Response,
  type Http2Side,
  type Http2Stream,
  MachineEvent,
} from '../src/http2.ts'

function generator(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % n
  }
}

type Fields = [string, string][]

const random = generator(7)
const names =
  'accept cache-control content-type cookie etag server vary x-a x-long-name x-frame-options user-agent'.split(' ')
/** Of all bytes that a value may have, and each time some that came before. */
const values = Array.from({ length: 60 }, (_, i) =>
  Array.from({ length: random(i % 10 === 0 ? 900 : 40) }, () =>
    String.fromCharCode([0x21 + random(94), 0x61 + random(26), 0xa1 + random(94)][random(i % 5 === 0 ? 3 : 2)]!),
  ).join(''),
)

/** Fields without two of one name: Node joins some of them. */
function fields(): Fields {
  const chosen = new Set(Array.from({ length: random(8) }, () => names[random(names.length)]!))
  return [...chosen].map((name) => [name, values[random(values.length)]!])
}

/** A socket for Node on one side; on the other one bytes for the machine. */
class Pipe extends Duplex {
  readonly #onBytes: (bytes: Uint8Array) => void

  constructor(onBytes: (bytes: Uint8Array) => void, options?: DuplexOptions) {
    super(options)
    this.#onBytes = onBytes
  }

  override _read(): void {}

  override _write(chunk: Uint8Array, _: unknown, done: () => void): void {
    this.#onBytes(chunk)
    done()
  }
}

/** Makes a machine, with what becomes of its events, at the other end of a pipe. */
function attach(
  side: Http2Side,
  onEvent: (event: MachineEvent, chunk: Uint8Array) => void,
): [Http2Machine, Pipe, () => void] {
  const machine = new Http2Machine(side)
  const flush = (): void => {
    if (machine.out.length > 0) pipe.push(machine.out.take())
  }
  const pipe = new Pipe((chunk) => {
    for (let event, p = 0; (event = machine.next(chunk, p, chunk.length)) !== MachineEvent.More; p = machine.pos)
      onEvent(event, chunk)
    flush()
  })
  machine.start()
  return [machine, pipe, flush]
}

const plain = (headers: IncomingHttpHeaders): Fields =>
  Object.entries(headers)
    .filter(([name]) => !name.startsWith(':'))
    .map(([name, value]) => [name, String(value)])

test('requests of Node are read, and Node reads what they are answered with', async () => {
  const seen: Fields[] = []
  const given: Fields[] = []
  const [machine, pipe, flush] = attach('server', (event, chunk) => {
    expect([MachineEvent.Fault, MachineEvent.RefusedHead, MachineEvent.Reset]).not.toContain(event)
    const stream = machine.stream!
    if (event === MachineEvent.Content) machine.release(stream, machine.dataEnd - machine.dataStart)
    if (event === MachineEvent.Head) seen.push([...(stream.head as Http2Request)].filter(([name]) => name !== 'host'))
    const isComplete = event === MachineEvent.End || (event === MachineEvent.Head && !stream.openIn)
    if (!isComplete) return
    const answer = fields()
    given.push(answer)
    machine.send(stream, [[':status', '200'], ...answer], false)
    machine.data(stream, chunk, 0, 0, true)
  })
  const session = connect('http://localhost', { createConnection: () => pipe })
  flush()
  for (let i = 0; i < 300; i++) {
    const sent = fields()
    const content = random(2) === 0
    const request = session.request({ ':path': `/${i}`, ...Object.fromEntries(sent) }, { endStream: !content })
    if (content) request.end(Buffer.alloc(random(3000)))
    const answer = await new Promise<IncomingHttpHeaders>((resolve) => request.on('response', resolve))
    expect(plain(answer)).toEqual(expect.arrayContaining(given.at(-1)!))
    const wanted = [...sent.filter(([name]) => name !== 'cookie'), ...sent.filter(([name]) => name === 'cookie')]
    expect(seen.at(-1)).toEqual(wanted)
    request.resume()
    if (i === 100) session.settings({ headerTableSize: 200 })
    if (i === 200) session.settings({ headerTableSize: 0 })
    if (i === 250) session.settings({ headerTableSize: 8000 })
  }
  expect(machine.streams.size).toBe(0)
  session.destroy()
})

test('a client asks Node, whose answers it reads', async () => {
  const contents: string[] = []
  const asked: Fields[] = []
  const sent: Fields[] = []
  let done: (() => void) | undefined
  const heads: Http2Response[] = []
  const [machine, pipe, flush] = attach('client', (event, chunk) => {
    expect([MachineEvent.Fault, MachineEvent.Reset]).not.toContain(event)
    const stream = machine.stream!
    if (event === MachineEvent.Head) {
      heads.push(stream.head as Http2Response)
      contents.push('')
    }
    if (event === MachineEvent.Content) {
      contents[contents.length - 1] += Buffer.from(chunk.subarray(machine.dataStart, machine.dataEnd)).toString()
      machine.release(stream, machine.dataEnd - machine.dataStart)
    }
    if (event === MachineEvent.End) done?.()
  })
  const session = performServerHandshake(pipe)
  session.on('stream', (stream, headers) => {
    asked.push(plain(headers))
    const answer = fields()
    sent.push(answer)
    const all: OutgoingHttpHeaders = Object.fromEntries(answer)
    stream.respond({ ':status': 200, ...all })
    stream.end('x'.repeat(random(100_000)))
  })
  for (let i = 0; i < 200; i++) {
    const own = fields()
    const finished = new Promise<void>((resolve) => (done = resolve))
    const head: Fields = [
      [':method', 'GET'],
      [':scheme', 'http'],
      [':path', '/'],
      [':authority', 'localhost'],
    ]
    const stream: Http2Stream = machine.request([...head, ...own], true)
    flush()
    await finished
    expect(asked.at(-1)).toEqual(expect.arrayContaining(own))
    expect([...heads.at(-1)!].filter(([name]) => name !== 'date')).toEqual(sent.at(-1))
    expect(contents.at(-1)).toMatch(/^x*$/)
    expect(stream.openIn || stream.openOut).toBe(false)
  }
  expect(heads.length).toBe(200)
  session.destroy()
})
