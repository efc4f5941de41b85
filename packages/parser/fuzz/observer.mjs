// Mutated cases through observers, both directions and all profiles: node packages/parser/fuzz/observer.mjs [seconds] [seed]
// A profile changes nothing that a strict reader accepts; what it refuses first is the first deviation, or refused as well; the place
// of the cuts changes nothing; with resync and lost every byte is told once, at its place; and everything comes to an end.
import { fileURLToPath } from 'node:url'
import { generator, mutate, seeds } from './differential.mjs'
import { watched } from './watchdog.mjs'

/** Something that an observer must not do. */
class Wrong extends Error {}

const isBlank = (byte) => byte === 32 || byte === 9
const isLineEnd = (byte) => byte === 13 || byte === 10
const isControl = (byte) => (byte < 32 && byte !== 9) || byte === 127
/** Which byte is wrong, by what is said of it; those of mended line ends count as the blanks that they have become. */
const offending = {
  INVALID_LINE_END: (byte, before) => byte === 10 || before === 13,
  INVALID_FIELD_VALUE: isControl,
  INVALID_REASON: isControl,
  LEADING_WHITESPACE: (byte) => isBlank(byte) || isLineEnd(byte),
  OBSOLETE_FOLDING: (byte) => isBlank(byte) || isLineEnd(byte),
  FIELD_NAME_WHITESPACE: (byte) => isBlank(byte) || isLineEnd(byte),
  COLON_MISSING: isLineEnd,
}

/** What was fed and lost, by places; a byte that was never seen is -1. */
class Stream {
  #bytes = []
  get length() {
    return this.#bytes.length
  }
  feed(bytes) {
    for (const byte of bytes) this.#bytes.push(byte)
  }
  lose(count) {
    for (let i = 0; i < count; i++) this.#bytes.push(-1)
  }
  at(place) {
    return this.#bytes[place]
  }
  /** Whether there is nothing but empty lines and blanks. */
  isEmpty(from, to) {
    for (let at = from; at < to; at++) if (!isLineEnd(this.#bytes[at]) && !isBlank(this.#bytes[at])) return false
    return true
  }
}

/** Looks whether each byte of a stream is told once and in order, and each mistake at its place. */
class Account {
  #stream
  #told = 0
  #inMessage = false
  constructor(stream) {
    this.#stream = stream
  }

  take(event) {
    const { type, at } = event
    if (at > this.#stream.length) throw new Wrong(`${type} at ${at} of ${this.#stream.length}`)
    if (type === 'request' || type === 'response') {
      this.#reach(type, at)
      this.#inMessage = true
    } else if (type === 'end') {
      this.#told = at
      this.#inMessage = false
    } else if (type === 'rest') {
      this.#reach(type, at)
      this.#told += event.data.length
    } else if (type === 'lost' && !this.#inMessage) {
      this.#reach(type, at)
      this.#told += event.bytes
    } else if (type === 'deviation') {
      const isRight = offending[event.code]
      if (isRight && !isRight(this.#stream.at(at), this.#stream.at(at - 1)))
        throw new Wrong(`${event.code} at ${at}, where ${this.#stream.at(at)} is`)
    }
    if (type === 'data') this.#compare(event)
  }

  finish() {
    if (this.#inMessage) throw new Wrong('a message without an end')
    this.#reach('the end', this.#stream.length)
  }

  #reach(what, at) {
    if (at < this.#told || !this.#stream.isEmpty(this.#told, at))
      throw new Wrong(`${what} at ${at} behind ${this.#told}`)
    this.#told = at
  }

  #compare({ at, data }) {
    for (const [i, byte] of data.entries())
      if (byte !== this.#stream.at(at + i)) throw new Wrong(`data at ${at} is not what was sent there`)
  }
}

/**
 * What a reader says, neighbouring data as one. Steps are bytes, or an array of one number of lost bytes; null for an unknown number.
 * @param resyncs whether it goes on behind errors
 */
function told(ParseError, reader, steps, resyncs = false) {
  const lines = []
  const stream = new Stream()
  const account = new Account(stream)
  let errors = 0
  let events = 0
  const take = () => {
    for (const event of reader) {
      const { type, at, head, data, code } = event
      if (++events > 100_000) throw new Wrong('no end of events')
      account.take(event)
      const last = lines.at(-1)
      if (type === 'extensions' || type === 'trailers') continue
      if (data !== undefined && last?.type === type) last.text += Buffer.from(data).toString('latin1')
      else {
        const text = head?.text ?? code ?? (data === undefined ? '' : Buffer.from(data).toString('latin1'))
        lines.push({ type, at: data === undefined ? at : 0, text })
      }
    }
  }
  /** Does one step, and goes on behind errors until it is done. */
  const run = (step) => {
    for (let act = step; ;) {
      try {
        act()
        take()
        return
      } catch (error) {
        if (!(error instanceof ParseError)) throw error
        lines.push({ type: 'error', at: reader.position, text: error.code })
        if (!resyncs) throw error
        if (++errors > stream.length * 2 + 100) throw new Wrong('no end of errors')
        act = () => reader.resync()
      }
    }
  }
  try {
    for (const step of steps) {
      if (Array.isArray(step)) {
        stream.lose(step[0] ?? 0)
        run(() => reader.lost(step[0] ?? undefined))
      } else {
        stream.feed(step)
        run(() => reader.feed(step))
      }
      const known = reader.position + reader.unread.length
      if (known !== stream.length) throw new Wrong(`${known} of ${stream.length} bytes are read or unread`)
    }
    run(() => reader.end())
    account.finish()
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
  }
  return lines.map(({ type, at, text }) => `${type} ${at} ${text}`)
}

/** What is long comes in a thousand pieces at most. */
function pieces(bytes, least) {
  const size = Math.max(least, bytes.length >> 10)
  const list = []
  for (let at = 0; at < bytes.length; at += size) list.push(bytes.subarray(at, at + size))
  return list
}

/** Now and then limits that are reached. */
function someLimits(random) {
  if (random(2) === 0) return undefined
  const all = {
    emptyLines: 1,
    methodBytes: 4,
    targetBytes: 8,
    fieldLineBytes: 16 + random(20),
    fields: 1 + random(3),
    headBytes: 40 + random(60),
    chunkSizeDigits: 1 + random(3),
    extensionBytes: random(8),
    overheadRatio: random(3),
    overheadBytes: random(30),
    trailerBytes: random(40),
    trailerFields: random(3),
  }
  return Object.fromEntries(Object.entries(all).filter(() => random(4) === 0))
}

/** A profile of some of the rules. */
function someRules(random, { request, response }) {
  const some = (names) => names.filter(() => random(3) > 0)
  return { name: 'some', request: some(request), response: some(response) }
}

const MARKER = { request: 'GET /marker HTTP/1.1\r\nHost: a\r\n\r\n', response: 'HTTP/1.1 204 Marker\r\n\r\n' }

/** Pieces between which bytes are lost; behind the last gap there is a message. */
function gappy(random, bytes, kind) {
  const steps = pieces(bytes, 1 + random(bytes.length + 1)).flatMap((piece) =>
    random(3) === 0 ? [piece, [random(4) === 0 ? null : random(40)]] : [piece],
  )
  return [...steps, [null], Buffer.from(MARKER[kind])]
}

/** What a connection says of both directions, as far as it goes. */
function exchanges(ParseError, connection, steps, resyncs) {
  const lines = []
  const last = { request: 0, response: 0 }
  let events = 0
  let errors = 0
  const run = (step) => {
    for (let act = step; ;) {
      try {
        for (const event of act()) {
          const { side } = event
          if (++events > 100_000) throw new Wrong('no end of events')
          // between messages it is that of one beside it
          const isBetween = event.type === 'lost' || event.type === 'deviation'
          if (!isBetween && event.exchange < last[side])
            throw new Wrong(`exchange ${event.exchange} behind ${last[side]}`)
          if (!isBetween) last[side] = event.exchange
          // how these are cut is how they were fed
          if (event.type === 'data' || event.type === 'rest') continue
          lines.push(`${event.exchange} ${side} ${event.type} ${event.head?.text ?? event.code ?? ''}`)
        }
        return
      } catch (error) {
        if (!(error instanceof ParseError)) throw error
        lines.push(`error ${error.code}`)
        if (!resyncs) throw error
        if (++errors > 10_000) throw new Wrong('no end of errors')
        act = () => connection.resync()
      }
    }
  }
  try {
    for (const [who, step] of steps) {
      if (!Array.isArray(step)) run(() => connection.feed(who, step))
      else if (resyncs) run(() => connection.lost(who, step[0] ?? undefined))
    }
    for (const who of ['request', 'response']) run(() => connection.end(who) ?? connection)
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
  }
  return lines
}

/** Everything that is looked at for one input; throws for what is wrong. */
function examine(api, random, kind, bytes) {
  const { Connection, MessageParser, ObservedConnection, ObservingParser, ParseError } = api
  const size = 1 + random(random(2) === 0 ? 10 : bytes.length + 1)
  const limits = someLimits(random)
  const all = [bytes]
  const strict = told(ParseError, new MessageParser(kind, limits), all)
  const isRefused = strict.at(-1)?.startsWith('error ') === true
  const before = isRefused ? strict.slice(0, -1) : strict
  const gaps = gappy(random, bytes, kind)
  for (const profile of [...api.profiles, someRules(random, api.profiles.at(-1))]) {
    const reader = () => new ObservingParser(kind, profile, limits)
    const check = (isRight, what) => {
      if (!isRight) throw new Wrong(`${profile.name}, ${JSON.stringify(limits)}: ${what}`)
    }
    const whole = told(ParseError, reader(), all)
    const cut = told(ParseError, reader(), pieces(bytes, size))
    check(
      whole.join('\n') === cut.join('\n'),
      `another reading in pieces of ${size}:\n${cut.join('\n')}\nand not\n${whole.join('\n')}`,
    )
    // data goes on behind a mistake in its framing
    const isSame = before.every(
      (line, i) => whole[i] === line || (i === before.length - 1 && whole[i]?.startsWith(line)),
    )
    check(isSame, `another reading in front of the first mistake: ${whole.join('\n')}`)
    const first = whole.slice(before.length).find((line) => /^(deviation|error) /.test(line))
    // a head whose line never ends is incomplete
    const isFirst = first?.replace(/^\w+/, 'error') === strict.at(-1) || first?.endsWith(' MESSAGE_INCOMPLETE') === true
    check(!isRefused || isFirst, `not ${strict.at(-1)} but ${first}`)
    const resynced = told(ParseError, reader(), all, true)
    const resyncedCut = told(ParseError, reader(), pieces(bytes, size), true)
    check(resynced.join('\n') === resyncedCut.join('\n'), `resync is another in pieces of ${size}`)
    const behind = told(ParseError, reader(), gaps, true)
    const isFound = behind.some((line) => line.startsWith(`${kind} `) && line.endsWith(MARKER[kind]))
    // nothing is looked for where the connection is no longer HTTP
    check(isFound || behind.some((line) => line.startsWith('rest ')), `no message behind a gap:\n${behind.join('\n')}`)
    const other = Buffer.from(mutate(random, seeds[kind === 'request' ? 'response' : 'request']), 'latin1')
    const [asked, answered] = kind === 'request' ? [bytes, other] : [other, bytes]
    const steps = [
      ...pieces(asked, size).map((piece) => ['request', piece]),
      ...gappy(random, answered, 'response').map((step) => ['response', step]),
    ]
    const connection = () => new ObservedConnection(profile, limits)
    const bytewise = steps.flatMap(([side, step]) =>
      Array.isArray(step) ? [[side, step]] : pieces(step, 1).map((piece) => [side, piece]),
    )
    const play = (list) => {
      try {
        return exchanges(ParseError, connection(), list, true).join('\n')
      } catch (error) {
        const input = list.map(
          ([side, step]) => `${side} ${JSON.stringify(Array.isArray(step) ? step : step.toString('latin1'))}`,
        )
        throw new Error(`${profile.name}, ${JSON.stringify(limits)}: ${input.join(', ')}`, { cause: error })
      }
    }
    const [once, cutUp] = [play(steps), play(bytewise)]
    // where a message that has no place is an error, it may come behind its head or in front
    const refusesOrder = !profile.request.includes('order') || !profile.response.includes('order')
    check(refusesOrder || once === cutUp, `another connection byte by byte:\n${cutUp}\nand not\n${once}`)
    if (profile.request.length > 0) continue
    const paired = exchanges(ParseError, new Connection(limits), steps, false)
    if (profile.response.length > 0) continue
    const seen = exchanges(ParseError, connection(), steps, false)
    const heads = seen.filter((line) => !/^\d+ \w+ (extensions|trailers) /.test(line))
    check(
      paired.join('\n') === heads.join('\n'),
      `another connection:\n${seen.join('\n')}\nand not\n${paired.join('\n')}`,
    )
  }
}

/** Runs until `enough` says so; gives the number of inputs and what is wrong. */
export function observe(api, seed, enough) {
  return watched((beat) => observed(api, seed, enough, beat))
}

function observed(api, seed, enough, beat) {
  const random = generator(seed)
  const wrong = []
  let inputs = 0
  for (; wrong.length <= 20 && !enough(inputs); inputs++) {
    const kind = random(2) === 0 ? 'response' : 'request'
    const bytes = Buffer.from(mutate(random, seeds[kind]), 'latin1')
    beat(bytes)
    try {
      examine(api, random, kind, bytes)
    } catch (error) {
      const what = error instanceof Wrong ? error.message : `${error.stack}\n${error.cause?.stack ?? ''}`
      wrong.push({ what: `${kind}, ${what}`, example: bytes.toString('latin1') })
    }
  }
  return { inputs, wrong }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [seconds = 60, seed = Date.now() >>> 0] = process.argv.slice(2).map(Number)
  const { MessageParser, ParseError } = await import('../dist/index.js')
  const { Connection } = await import('../dist/connection.js')
  const { observer, ObservedConnection, ObservingParser, strict, userAgent } = await import('../dist/observer.js')
  const until = Date.now() + seconds * 1000
  const api = { Connection, MessageParser, ObservedConnection, ObservingParser, ParseError }
  const { inputs, wrong } = observe({ ...api, profiles: [strict, userAgent, observer] }, seed, () => Date.now() > until)
  console.log(`seed ${seed}: ${inputs} inputs`)
  for (const { what, example } of wrong) console.log(`${what}: ${JSON.stringify(example).slice(0, 1000)}`)
  process.exitCode = wrong.length === 0 ? 0 : 1
}
