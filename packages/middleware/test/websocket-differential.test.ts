/*
 * Frames as nobody sends them, read by our reader and by `ws`: both must see the same, but for what is explained below.
 *   FUZZ_SECONDS=600 npx vitest run test/websocket-differential.test.ts
 */
import { FrameEvent, MessageReader, webSocketFailures } from '@spillway/parser/websocket'
import { expect, test } from 'vitest'
import * as ws from 'ws'

const seconds = Number(process.env['FUZZ_SECONDS'] ?? 2)
const largest = 2000

/** Xorshift: a run can be repeated by its seed. */
function random(seed: number): (below: number) => number {
  let state = seed | 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

type Pick = (below: number) => number
const oneOf = <T>(pick: Pick, list: readonly T[]): T => list[pick(list.length)]!

function content(pick: Pick, opcode: number): Buffer {
  if (opcode === 8 && pick(4) > 0) {
    const code = oneOf(pick, [1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1011, 1014, 1015, 2999, 3000, 4999, 5000])
    return Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(oneOf(pick, ['', 'bye', 'é']))])
  }
  const size = oneOf(pick, [0, 1, 2, 3, 5, 20, 124, 125, 126, 127, 128, 500, largest - 1, largest, largest + 1])
  if (pick(4) === 0) return Buffer.from(Array.from({ length: size }, () => pick(256)))
  return Buffer.from(oneOf(pick, ['a', 'é', '€', '😀']).repeat(size)).subarray(0, size)
}

/** One frame, most often as it should be. */
function frame(pick: Pick): Buffer {
  const rarely = (n: number): boolean => pick(n) === 0
  const opcode = rarely(40) ? pick(16) : oneOf(pick, [0, 0, 1, 1, 2, 8, 9, 10])
  const data = content(pick, opcode)
  const isLast = opcode > 7 ? !rarely(30) : !rarely(3)
  const first = (isLast ? 0x80 : 0) | (rarely(40) ? pick(8) << 4 : 0) | opcode
  const mask = rarely(50) ? 0 : 0x80
  const shortest = data.length < 126 ? 7 : 16
  const form = rarely(50) ? oneOf(pick, [16, 64]) : shortest
  const head = [first, mask | (form === 7 ? data.length : form === 16 ? 126 : 127)]
  if (form !== 7) for (let i = form / 8 - 1; i >= 0; i--) head.push(i > 3 ? 0 : (data.length >>> (i * 8)) & 255)
  const key = Array.from({ length: 4 }, () => pick(256))
  const masked = mask === 0 ? data : data.map((byte, i) => byte ^ key[i % 4]!)
  return Buffer.concat([Buffer.from(head), Buffer.from(mask === 0 ? [] : key), masked])
}

/** What was seen, and the code with which the connection fails. */
interface Seen {
  readonly events: string[]
  failure: number | undefined
  name?: string
}

function ours(pieces: readonly Buffer[]): Seen {
  const reader = new MessageReader({ from: 'client', messageBytes: largest })
  const seen: Seen = { events: [], failure: undefined }
  for (const piece of pieces.map((each) => Buffer.from(each)))
    for (let at = 0, event; (event = reader.next(piece, at, piece.length)) !== FrameEvent.NeedMore; at = reader.pos) {
      if (event === FrameEvent.Error) {
        seen.name = reader.error!
        seen.failure = webSocketFailures[reader.error!].closeCode
        return seen
      }
      const { data, dataStart, dataEnd, closeCode } = reader.frames
      const control = Buffer.from(data.subarray(dataStart, dataEnd)).toString('latin1')
      if (event === FrameEvent.Data) seen.events.push(shown(reader.message))
      else if (event === FrameEvent.Close) seen.events.push(`close ${closeCode} ${control}`)
      else seen.events.push(`${event === FrameEvent.Ping ? 'ping' : 'pong'} ${control}`)
    }
  return seen
}

const shown = (message: string | Uint8Array): string =>
  typeof message === 'string' ? `text ${message}` : `bytes ${Buffer.from(message).toString('latin1')}`

/** Its types do not know it. */
const { Receiver } = ws as unknown as { Receiver: new (options: object) => NodeJS.WritableStream }

async function theirs(pieces: readonly Buffer[]): Promise<Seen> {
  const options = { isServer: true, maxPayload: largest, skipUTF8Validation: false } as object
  const receiver = new Receiver(options)
  const seen: Seen = { events: [], failure: undefined }
  receiver.on('message', (data: Buffer, isBinary: boolean) =>
    seen.events.push(shown(isBinary ? data : data.toString())),
  )
  receiver.on('ping', (data: Buffer) => seen.events.push(`ping ${data.toString('latin1')}`))
  receiver.on('pong', (data: Buffer) => seen.events.push(`pong ${data.toString('latin1')}`))
  receiver.on('conclude', (code: number, reason: Buffer) =>
    seen.events.push(`close ${code} ${reason.toString('latin1')}`),
  )
  receiver.on('error', (error: Error) => {
    const status = Object.getOwnPropertySymbols(error).find((symbol) => symbol.description === 'status-code')!
    seen.failure = (error as unknown as Record<symbol, number>)[status]
  })
  for (const piece of pieces) receiver.write(Buffer.from(piece))
  await new Promise((resolve) => setImmediate(resolve))
  return seen
}

/** Where both may differ: each time ours is the stricter, or the earlier. */
function explained(mine: Seen, other: Seen): boolean {
  const before = mine.events.every((event, i) => event === other.events[i])
  // RFC 6455 §5.2: the shortest form of a length must be used; `ws` takes any.
  if (mine.name === 'LENGTH_NOT_MINIMAL') return before
  // RFC 6455 §8.1: text fails at its first wrong byte; `ws` reads on to the end of the message, or to another failure.
  if (mine.name === 'TEXT_NOT_UTF8') return before
  return false
}

test('frames that nobody sends are read as ws reads them', { timeout: seconds * 1000 + 20_000 }, async () => {
  const end = Date.now() + seconds * 1000
  let runs = 0
  let differed = 0
  const unexplained: unknown[] = []
  for (let seed = Date.now() & 0xff_ff_ff; Date.now() < end && unexplained.length === 0; seed++, runs++) {
    const pick = random(seed * 2_654_435_761)
    const bytes = Buffer.concat(Array.from({ length: 1 + pick(6) }, () => frame(pick)))
    const cut = pick(bytes.length + 1)
    const pieces = pick(2) === 0 ? [bytes] : [bytes.subarray(0, cut), bytes.subarray(cut)]
    const [mine, other] = [ours(pieces), await theirs(pieces)]
    if (JSON.stringify([mine.events, mine.failure]) === JSON.stringify([other.events, other.failure])) continue
    differed++
    if (!explained(mine, other)) unexplained.push({ seed, mine, other, bytes: bytes.toString('hex').slice(0, 400) })
  }
  expect(unexplained).toEqual([])
  expect(runs).toBeGreaterThan(100)
  expect(differed).toBeLessThan(runs / 2)
})
