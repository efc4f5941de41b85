// Compares this parser with llhttp (undici's WebAssembly build) and http-parser-js on mutated cases, first message each,
// requests and responses.
// Every disagreement must be explained in disagreements.json: which parser, what we say, what it says, and why.
//   node packages/parser/fuzz/differential.mjs [seconds] [seed]      on the built package
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { HTTPParser } from 'http-parser-js'
import { llhttp } from './llhttp.mjs'
import { watched } from './watchdog.mjs'

const folder = new URL('../vectors/', import.meta.url)
const join = (text) =>
  typeof text === 'string' ? text : text.map((p) => (typeof p === 'string' ? p : p[0].repeat(p[1]))).join('')
const vectors = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')))
const chunkedBodies = vectors.filter((v) => v.kind === 'chunked').map((v) => join(v.bytes))
const framed = (line) => chunkedBodies.map((body) => `${line}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`)
const short = (texts) => texts.filter((text) => text.length < 1000)
/** What is mutated, by the kind of message. */
export const seeds = {
  request: short([
    ...vectors
      .filter((v) => v.requestMethod === undefined && v.kind === undefined && v.direction !== 'response')
      .map((v) => join(v.bytes)),
    ...framed('POST / HTTP/1.1\r\nHost: a'),
  ]),
  response: short([
    ...vectors.filter((v) => v.requestMethod === 'GET').map((v) => `${join(v.bytes)}hello`),
    ...framed('HTTP/1.1 200 OK'),
  ]),
}
const spice = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '"',
  '\\',
  '\0',
  '\x7f',
  '\xff',
  '0',
  '5',
  'a',
  'chunked',
  '/',
  '?',
  '#',
  '[',
  '%',
]

export function generator(seed) {
  let state = seed >>> 0 || 1
  return (n) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % n
  }
}

export function mutate(random, list) {
  let text = list[random(list.length)]
  for (let n = random(3); n >= 0; n--) {
    const at = random(text.length + 1)
    const length = 1 + random(4)
    // now and then much of the same, to find what takes more than its share of time
    if (random(200) === 0)
      text = text.slice(0, at) + text.slice(at, at + length).repeat(random(20_000)) + text.slice(at)
    const kind = random(5)
    if (kind === 0) text = text.slice(0, at) + text.slice(at + length)
    else if (kind === 1) text = text.slice(0, at) + spice[random(spice.length)] + text.slice(at)
    else if (kind === 2) text = text.slice(0, at) + spice[random(spice.length)] + text.slice(at + 1)
    else if (kind === 3) text = text.slice(0, at + length) + text.slice(at)
    else text = text.slice(0, at) + list[random(list.length)].slice(random(30))
  }
  return text
}

/** The first message, from bytes of which first a part is there and then all. */
function ours({ BodyDecoder, BodyEvent, decodeLatin1, RequestHead, ResponseHead }, bytes, kind, part) {
  const head = kind === 'request' ? new RequestHead() : new ResponseHead()
  const used = head.parse(bytes, 0, part) || head.parse(bytes, 0, bytes.length)
  if (used === 0) return { verdict: 'more' }
  if (used < 0) return { verdict: 'refuse', reason: head.error, at: head.errorOffset }
  // llhttp leaves both to the caller, and the tunnel of CONNECT has no body
  if (head.method === 'CONNECT') return { verdict: 'accept', data: '' }
  const body = new BodyDecoder()
  body.reset(head.bodyKind, head.contentLength)
  let data = ''
  let end = Math.max(used, part)
  for (let p = used; ; p = body.pos) {
    const event = body.next(bytes, p, end)
    if (event === BodyEvent.Data) data += decodeLatin1(bytes, body.dataStart, body.dataEnd)
    else if (event === BodyEvent.End) return { verdict: 'accept', data, at: body.pos }
    else if (event === BodyEvent.Error) return { verdict: 'refuse', reason: body.error, at: used + body.errorOffset }
    else if (end === bytes.length) return { verdict: 'more', data }
    else end = bytes.length
  }
}

export function httpParserJs(bytes, kind) {
  const parser = new HTTPParser(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE)
  const result = { data: '', done: false }
  // with a size that is negative or no number it goes round for ever
  for (const state of ['BODY_CHUNKHEAD', 'BODY_CHUNK', 'BODY_SIZED']) {
    parser[state] = function step() {
      HTTPParser.prototype[state].call(this)
      if (this.body_bytes !== null && !(this.body_bytes >= 0)) throw new Error('no size')
    }
  }
  parser[HTTPParser.kOnHeadersComplete] = (info) => void (result.done ||= info.upgrade)
  parser[HTTPParser.kOnBody] = (buf, from, length) =>
    void (result.done || (result.data += buf.toString('latin1', from, from + length)))
  parser[HTTPParser.kOnMessageComplete] = () => void (result.done = true)
  let error = null
  try {
    const outcome = parser.execute(bytes)
    if (outcome instanceof Error) error = outcome
  } catch (thrown) {
    error = thrown
  }
  if (result.done) return { verdict: 'accept', data: result.data }
  return error === null ? { verdict: 'more' } : { verdict: 'refuse', reason: error.message.slice(0, 40) }
}

const peers = {
  llhttp: (bytes, kind) => llhttp(bytes, kind === 'request' ? 1 : 2),
  'http-parser-js': httpParserJs,
}
const explained = JSON.parse(readFileSync(new URL('./disagreements.json', import.meta.url), 'utf8'))

const fits = (wanted, is) => wanted === undefined || wanted === is || (Array.isArray(wanted) && wanted.includes(is))

function explanation(kind, peer, mine, other, text) {
  return explained.find(
    (e) =>
      fits(e.kind, kind) &&
      fits(e.peer, peer) &&
      fits(e.ours, mine) &&
      fits(e.theirs, other) &&
      (e.input === undefined || new RegExp(e.input, 'i').test(text)),
  )
}

/** Runs until `enough` says so; gives the number of inputs and what is not explained. */
export function compare(api, seed, enough) {
  return watched((beat) => compared(api, seed, enough, beat))
}

function compared(api, seed, enough, beat) {
  const random = generator(seed)
  const open = new Map()
  const counts = new Map()
  const report = (key, text) => {
    const found = open.get(key) ?? { count: 0, example: text }
    found.count++
    if (text.length < found.example.length) found.example = text
    open.set(key, found)
  }
  let inputs = 0
  let bytesSeen = 0
  let slowest = { ms: 0, bytes: 0 }
  while (!enough(inputs)) {
    inputs++
    const kind = random(3) === 0 ? 'response' : 'request'
    const text = mutate(random, seeds[kind])
    const bytes = Buffer.from(text, 'latin1')
    beat(bytes)
    bytesSeen += bytes.length
    const started = performance.now()
    const mine = ours(api, bytes, kind, bytes.length)
    let ms = performance.now() - started
    // a few times more: it may have been someone else's time
    for (let again = 0; again < 4 && ms > slowest.ms; again++) {
      const restarted = performance.now()
      ours(api, bytes, kind, bytes.length)
      ms = Math.min(ms, performance.now() - restarted)
    }
    if (ms > slowest.ms) slowest = { ms, bytes: bytes.length }
    // the place of the cut changes nothing
    const cut = ours(api, bytes, kind, random(bytes.length + 1))
    if (JSON.stringify(cut) !== JSON.stringify(mine)) report(`${kind}: cut ${JSON.stringify(cut).slice(0, 80)}`, text)
    for (const [peer, read] of Object.entries(peers)) {
      const theirs = read(bytes, kind)
      if (mine.verdict === theirs.verdict && (mine.verdict !== 'accept' || mine.data === theirs.data)) continue
      const [a, b] = [mine, theirs].map((r) => r.reason ?? (mine.verdict === theirs.verdict ? 'other data' : r.verdict))
      const why = explanation(kind, peer, a, b, text)
      if (why === undefined) report(`${kind}, ${peer}: ours ${a}, theirs ${b}`, text)
      else counts.set(why.why, (counts.get(why.why) ?? 0) + 1)
    }
  }
  return {
    inputs,
    bytes: bytesSeen,
    slowest,
    open: [...open].map(([what, { count, example }]) => ({ what, count, example })),
    counts: [...counts],
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [seconds = 60, seed = Date.now() >>> 0] = process.argv.slice(2).map(Number)
  const until = Date.now() + seconds * 1000
  const result = compare(await import('../dist/index.js'), seed, () => Date.now() > until)
  const { inputs, bytes, slowest, open, counts } = result
  console.log(
    `seed ${seed}: ${inputs} inputs, ${bytes} bytes, ${slowest.ms.toFixed(1)} ms for the slowest (${slowest.bytes} bytes)`,
  )
  for (const [why, count] of counts.toSorted((a, b) => b[1] - a[1])) console.log(`${String(count).padStart(8)} ${why}`)
  for (const { what, count, example } of open)
    console.log(`NOT EXPLAINED ${count} × ${what}: ${JSON.stringify(example).slice(0, 400)}`)
  process.exitCode = open.length === 0 ? 0 : 1
}
