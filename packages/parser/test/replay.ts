/*
 * Replays the cases of vectors/*.json against the public entry of the package, in every way the bytes can come. Knows
 * nothing of a test runner or of Node, so that it runs in any runtime and on the built package.
 */
type Api = typeof import('../src/index.ts')
type Functions = typeof import('../src/serialize.ts') & typeof import('../src/fields.ts')

/** Text, one byte per character; an array is joined, and `[text, count]` in it is repeated. */
type Text = string | (string | [string, number])[]

interface Facts {
  readonly consumed?: number
  readonly method?: string
  readonly target?: string
  readonly form?: string
  readonly minor?: number
  readonly status?: number
  readonly reason?: string
  readonly kind?: string
  readonly length?: number
  readonly hasLength?: boolean
  readonly keepAlive?: boolean
  readonly upgrade?: boolean
  readonly expectation?: string
  readonly fields?: [string, string][]
  readonly data?: Text
  readonly trailers?: [string, string][]
  readonly incomplete?: boolean
  readonly error?: string
  readonly offset?: number
}

export interface Vector {
  readonly id: string
  readonly rfc: string
  readonly what: string
  readonly bytes: Text
  /** Limits that differ from the defaults. */
  readonly limits?: Record<string, number>
  /** Bodies: none, length, chunked or until-close. */
  readonly kind?: string
  readonly length?: number
  /** Responses: the method of the request. */
  readonly requestMethod?: string
  readonly expect?: Facts
  /** Pipelined messages, and what comes behind the last of them. */
  readonly messages?: Facts[]
  readonly error?: string
  readonly offset?: number
  readonly incomplete?: boolean
  /** All messages of one direction: `request` or `response`, the latter to requests with these methods. */
  readonly direction?: 'request' | 'response'
  readonly methods?: string[]
  /** The connection ends behind the bytes. */
  readonly end?: boolean
  /** What comes behind the messages and is no HTTP. */
  readonly rest?: Text
}

/** A function of `./fields` or `./serialize`, its arguments, and what it returns, or the code or name of the error it throws. */
export interface Call extends Pick<Vector, 'id' | 'rfc' | 'what'> {
  readonly call: string
  readonly with: unknown[]
  readonly returns?: unknown
  readonly throws?: string
}

const forms = ['origin', 'absolute', 'authority', 'asterisk']
const kinds = ['none', 'length', 'chunked', 'until-close']
const expectations = ['none', 'continue', 'unknown']

export function expand(text: Text): string {
  if (typeof text === 'string') return text
  return text.map((part) => (typeof part === 'string' ? part : part[0].repeat(part[1]))).join('')
}

export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

export function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (c) => String.fromCharCode(c)).join('')
}

/** How the bytes of a message come: cut at these places, the last one being their number. */
type Cuts = readonly number[]

/** What lies around the bytes in the buffer. A reader that looks beyond `end` is led astray by it. */
const poisons = ['', '\r\n\r\n', 'A', '0', ':', ' ', '\0', '\n', '5\r\nX: y\r\n\r\n']

/** A buffer that has the first `length` of `bytes` at `start`, among poison. */
function placed(bytes: Uint8Array, length: number, start: number, poison: string): Uint8Array {
  const buffer = new Uint8Array(start + length + poison.length * 4)
  if (poison !== '') for (let i = 0; i < buffer.length; i++) buffer[i] = poison.charCodeAt(i % poison.length)
  buffer.set(bytes.subarray(0, length), start)
  // the poison starts right behind the end
  for (let i = 0; i < poison.length * 4; i++) buffer[start + length + i] = poison.charCodeAt(i % poison.length)
  return buffer
}

/** Whole, at every place cut in two, byte by byte, and in a few pieces; long inputs are cut at some places only. */
export function* waysToCut(length: number, near: number): Generator<Cuts> {
  yield [length]
  const step = length <= 400 ? 1 : Math.ceil(length / (length > 30_000 ? 3 : 40))
  for (let at = 1; at < length; at += step) yield [at, length]
  for (let at = Math.max(1, near - 3); at < Math.min(length, near + 3); at++) yield [at, length]
  if (length <= 40_000) yield Array.from({ length }, (_, i) => i + 1)
  if (length > 10) yield [Math.ceil(length / 3), Math.ceil(length / 2), length]
}

/** Every way to cut with every surrounding, but not their whole product. */
function* ways(length: number, near: number): Generator<{ cuts: Cuts; poison: string; move: boolean }> {
  let turn = 0
  for (const cuts of waysToCut(length, near)) {
    yield { cuts, poison: poisons[turn++ % poisons.length]!, move: turn % 2 === 0 }
    if (cuts.length === 1 || cuts.length === length) {
      for (const poison of length <= 400 ? poisons : poisons.slice(0, 2)) {
        yield { cuts, poison, move: true }
        yield { cuts, poison, move: false }
      }
    }
  }
}

type Problem = string | null

function differ(what: string, is: unknown, wanted: unknown): Problem {
  const a = JSON.stringify(is)
  const b = JSON.stringify(wanted)
  return a === b ? null : `${what} is ${a?.slice(0, 200)}, wanted ${b?.slice(0, 200)}`
}

function checkFailure(
  head: { error: string | undefined; errorOffset: number },
  wanted: Pick<Facts, 'error' | 'offset'>,
): Problem {
  return differ('error', head.error, wanted.error) ?? differ('errorOffset', head.errorOffset, wanted.offset)
}

function checkHead(
  api: Api,
  head: InstanceType<Api['RequestHead']>,
  buf: Uint8Array,
  start: number,
  e: Facts,
): Problem {
  const snapshot = head.snapshot(buf, start)
  const text = (from: number, to: number): string => api.decodeLatin1(buf, start + from, start + to)
  const fields = [...snapshot]
  const spans = fields.map((_, i): [string, string] => {
    const [nameStart, nameEnd, valueStart, valueEnd] = head.spans.subarray(i * 4)
    return [text(nameStart!, nameEnd!).toLowerCase(), text(valueStart!, valueEnd!)]
  })
  const facts: [keyof Facts, unknown][] = [
    ['consumed', head.headEnd],
    ['method', snapshot.method],
    ['target', snapshot.target],
    ['form', forms[head.targetForm]],
    ['minor', head.minorVersion],
    ['kind', kinds[head.bodyKind]],
    ['length', head.contentLength],
    ['hasLength', head.hasLength],
    ['keepAlive', head.keepAlive],
    ['upgrade', head.upgrade],
    ['expectation', expectations[head.expectation]],
    ['fields', fields],
  ]
  for (const [name, is] of facts) {
    const problem = e[name] === undefined ? null : differ(name, is, e[name])
    if (problem !== null) return problem
  }
  return (
    differ('spans', spans, fields) ??
    differ('method span', text(head.headStart, head.methodEnd), snapshot.method) ??
    differ('target span', text(head.targetStart, head.targetEnd), snapshot.target) ??
    differ('version span', text(head.versionStart, head.versionStart + 7), 'HTTP/1.') ??
    differ('field count', [head.fieldCount, snapshot.fieldCount], [fields.length, fields.length])
  )
}

function requestOnce(api: Api, bytes: Uint8Array, v: Vector, cuts: Cuts, poison: string, move: boolean): Problem {
  const head = new api.RequestHead(v.limits)
  const e = v.expect!
  let start = move ? 3 : 0
  // a long input byte by byte would be copied for ever: it stays in place, with its own rest as the hostile bytes
  const still = cuts.length > 2000 ? placed(bytes, bytes.length, start, poison) : null
  for (const length of cuts) {
    if (move && still === null) start = (start * 7 + length) % 23
    const buf = still ?? placed(bytes, length, start, poison)
    const result = head.parse(buf, start, start + length)
    if (result === 0) continue
    if (result < 0)
      return e.error === undefined ? `refused: ${head.error} at ${head.errorOffset}` : checkFailure(head, e)
    if (e.error !== undefined || e.incomplete) return `accepted, ${result} bytes`
    return differ('result', result, e.consumed) ?? checkHead(api, head, buf, start, e)
  }
  return e.incomplete ? differ('partial', head.partial, !/^[\r\n]*$/.test(expand(v.bytes))) : 'still incomplete'
}

function responseOnce(api: Api, bytes: Uint8Array, v: Vector, cuts: Cuts, poison: string, move: boolean): Problem {
  const head = new api.ResponseHead(v.limits)
  head.requestMethod = v.requestMethod!
  const e = v.expect!
  let start = move ? 3 : 0
  for (const length of cuts) {
    if (move) start = (start * 7 + length) % 23
    const buf = placed(bytes, length, start, poison)
    const result = head.parse(buf, start, start + length)
    if (result === 0) continue
    if (result < 0)
      return e.error === undefined ? `refused: ${head.error} at ${head.errorOffset}` : checkFailure(head, e)
    if (e.error !== undefined || e.incomplete) return `accepted, ${result} bytes`
    const snapshot = head.snapshot(buf, start)
    const facts: Facts = {
      consumed: result,
      minor: head.minorVersion,
      status: head.status,
      reason: snapshot.reason,
      kind: kinds[head.bodyKind]!,
      length: head.contentLength,
      hasLength: head.hasLength,
      keepAlive: head.keepAlive,
      upgrade: head.upgrade,
      fields: [...snapshot],
    }
    for (const name of Object.keys(e) as (keyof Facts)[]) {
      const problem = differ(name, facts[name], e[name])
      if (problem !== null) return problem
    }
    return null
  }
  return e.incomplete ? differ('partial', head.partial, true) : 'still incomplete'
}

/** Reads one body from pieces that come in buffers of their own. */
function bodyOnce(api: Api, bytes: Uint8Array, v: Vector, cuts: Cuts, poison: string): Problem {
  const decoder = new api.BodyDecoder(v.limits)
  const e = v.expect!
  decoder.reset(kinds.indexOf(v.kind!) as 0, v.length ?? 0)
  let data = ''
  let from = 0
  for (const to of cuts.length === 0 ? [0] : cuts) {
    const buf = placed(bytes.subarray(from), to - from, 2, poison)
    const end = 2 + to - from
    let p = 2
    for (;;) {
      const event = decoder.next(buf, p, end)
      p = decoder.pos
      if (event === api.BodyEvent.Data) data += api.decodeLatin1(buf, decoder.dataStart, decoder.dataEnd)
      else if (event === api.BodyEvent.NeedMore) break
      else if (event === api.BodyEvent.Error)
        return checkFailure(decoder, e) ?? differ('data', data, expand(e.data ?? ''))
      else {
        if (e.error !== undefined || e.incomplete) return `accepted, ${decoder.consumed} bytes`
        return (
          differ('data', data, expand(e.data ?? '')) ??
          differ('trailers', decoder.trailers, e.trailers ?? null) ??
          differ('consumed', [decoder.consumed, from + p - 2], [e.consumed, e.consumed]) ??
          differ('dataBytes', decoder.dataBytes, data.length)
        )
      }
    }
    from = to
  }
  if (!e.incomplete) return 'still incomplete'
  return differ('data', data, expand(e.data ?? '')) ?? differ('consumed', decoder.consumed, bytes.length)
}

/** Requests one behind the other in one growing buffer, as a connection has them. */
function pipelineOnce(api: Api, bytes: Uint8Array, v: Vector, cuts: Cuts, poison: string): Problem {
  const head = new api.RequestHead(v.limits)
  const decoder = new api.BodyDecoder()
  const seen: Facts[] = []
  let facts: { target: string; data: string; consumed: number; trailers?: [string, string][] } | null = null
  let at = 0
  const finish = (): void => {
    seen.push(facts!)
    facts = null
  }
  for (const length of cuts) {
    const buf = placed(bytes, length, 0, poison)
    for (;;) {
      if (facts === null) {
        const used = head.parse(buf, at, length)
        if (used === 0) break
        if (used < 0) return checkSeen(seen, v) ?? checkFailure(head, v)
        facts = { target: head.snapshot(buf, at).target, data: '', consumed: used }
        at += used
        decoder.reset(head.bodyKind, head.contentLength)
      }
      const event = decoder.next(buf, at, length)
      at = decoder.pos
      if (event === api.BodyEvent.NeedMore) break
      if (event === api.BodyEvent.Data) facts.data += api.decodeLatin1(buf, decoder.dataStart, decoder.dataEnd)
      else {
        if (decoder.trailers !== null) facts.trailers = [...decoder.trailers]
        facts.consumed += decoder.consumed
        finish()
        if (event === api.BodyEvent.Error) return checkSeen(seen, v) ?? checkFailure(decoder, v)
      }
    }
  }
  if (v.error !== undefined) return 'not refused'
  return checkSeen(seen, v) ?? differ('incomplete', head.partial || facts !== null, v.incomplete ?? false)
}

function checkSeen(seen: readonly Facts[], v: Vector): Problem {
  const wanted = v.messages!
  for (const [i, message] of wanted.entries()) {
    for (const name of ['target', 'status', 'data', 'consumed', 'trailers'] as const) {
      const is = seen[i]?.[name]
      const problem = message[name] === undefined ? null : differ(`${name} of message ${i}`, is, message[name])
      if (problem !== null) return problem
    }
  }
  return differ('messages', seen.length, wanted.length)
}

/** All that a `MessageParser` makes of one direction, from pieces in a buffer that is overwritten as soon as they are fed. */
function directionOnce(api: Api, bytes: Uint8Array, v: Vector, cuts: Cuts): Problem {
  const parser = new api.MessageParser(v.direction!, v.limits)
  for (const method of v.methods ?? []) parser.expect(method)
  const seen: Record<string, unknown>[] = []
  let rest = ''
  const take = (events: Iterable<import('../src/index.ts').ParserEvent>): void => {
    for (const event of events) {
      if (event.type === 'request') seen.push({ target: event.head.target, data: '' })
      else if (event.type === 'response') seen.push({ status: event.head.status, data: '' })
      else if (event.type === 'rest') rest += textOf(event.data)
      else if (event.type === 'data') seen.at(-1)!['data'] += textOf(event.data)
      else {
        seen.at(-1)!['consumed'] = event.bytes
        if (event.trailers.length > 0) seen.at(-1)!['trailers'] = event.trailers
      }
    }
  }
  const lent = new Uint8Array(bytes.length)
  let from = 0
  try {
    for (const to of cuts) {
      lent.set(bytes.subarray(from, to))
      parser.feed(lent.subarray(0, to - from))
      lent.fill(0x58)
      take(parser)
      from = to
    }
    if (v.end) take(parser.end())
  } catch (error) {
    const { code, offset } = error as { code: string; offset: number }
    return (
      differ('error', code, v.error) ??
      differ('offset', offset, v.offset) ??
      differ(
        'unread',
        parser.unread.length,
        from === bytes.length ? bytes.length - parser.position : parser.unread.length,
      ) ??
      checkSeen(seen, v)
    )
  }
  if (v.error !== undefined) return 'not refused'
  return (
    checkSeen(seen, v) ??
    differ('rest', rest, expand(v.rest ?? '')) ??
    differ('partial', parser.partial, v.incomplete ?? false)
  )
}

/** Bytes as text, a Map as pairs. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return textOf(value)
  if (value instanceof Map) return [...value]
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
}

/** @returns how the case of a single function fails, or null */
export function replayCall(functions: Functions, v: Call): Problem {
  const call = functions[v.call as 'quote'] as (...all: unknown[]) => unknown
  let result: unknown
  try {
    result = call(...v.with)
  } catch (error) {
    const { code, name } = error as { code?: string; name: string }
    return differ('error', code ?? name, v.throws)
  }
  return v.throws === undefined
    ? differ('result', plain(result), v.returns)
    : `returned ${JSON.stringify(plain(result))}`
}

/** @returns the first way in which the case fails, or null */
export function replay(api: Api, v: Vector): Problem {
  const bytes = bytesOf(expand(v.bytes))
  const near = v.expect?.offset ?? v.expect?.consumed ?? bytes.length
  for (const { cuts, poison, move } of ways(bytes.length, near)) {
    let problem: Problem
    if (v.direction !== undefined) problem = directionOnce(api, bytes, v, cuts)
    else if (v.messages !== undefined) problem = pipelineOnce(api, bytes, v, cuts, poison)
    else if (v.kind !== undefined) problem = bodyOnce(api, bytes, v, cuts, poison)
    else if (v.requestMethod !== undefined) problem = responseOnce(api, bytes, v, cuts, poison, move)
    else problem = requestOnce(api, bytes, v, cuts, poison, move)
    if (problem !== null) {
      const pieces = cuts.length > 3 ? `${cuts.length} pieces` : `cut at ${cuts.join(', ')}`
      return `${v.id}: ${problem} (${pieces}, ${JSON.stringify(poison)} around, ${move ? 'moved' : 'in place'})`
    }
  }
  return null
}

export type { Api, Functions }
