// Compares this parser with llhttp (undici's WebAssembly build) and http-parser-js on mutated cases, first message each.
// Every disagreement must be explained in disagreements.json: which parser, what we say, what it says, and why.
//   node packages/parser/fuzz/differential.mjs [seconds] [seed]      on the built package
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { HTTPParser } from 'http-parser-js'
import { llhttp } from './llhttp.mjs'

const folder = new URL('../vectors/', import.meta.url)
const join = (text) =>
  typeof text === 'string' ? text : text.map((p) => (typeof p === 'string' ? p : p[0].repeat(p[1]))).join('')
const chunkedHead = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
const seeds = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')))
  .filter((v) => v.requestMethod === undefined && (v.kind === undefined || v.kind === 'chunked'))
  .map((v) => (v.kind === 'chunked' ? chunkedHead : '') + join(v.bytes))
  .filter((text) => text.length < 1000)
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

function generator(seed) {
  let state = seed >>> 0 || 1
  return (n) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % n
  }
}

function mutate(random) {
  let text = seeds[random(seeds.length)]
  for (let n = random(3); n >= 0; n--) {
    const at = random(text.length + 1)
    const length = 1 + random(4)
    const kind = random(5)
    if (kind === 0) text = text.slice(0, at) + text.slice(at + length)
    else if (kind === 1) text = text.slice(0, at) + spice[random(spice.length)] + text.slice(at)
    else if (kind === 2) text = text.slice(0, at) + spice[random(spice.length)] + text.slice(at + 1)
    else if (kind === 3) text = text.slice(0, at + length) + text.slice(at)
    else text = text.slice(0, at) + seeds[random(seeds.length)].slice(random(30))
  }
  return text
}

function ours({ BodyDecoder, BodyEvent, decodeLatin1, RequestHead }, bytes) {
  const head = new RequestHead()
  const used = head.parse(bytes, 0, bytes.length)
  if (used === 0) return { verdict: 'more' }
  if (used < 0) return { verdict: 'refuse', reason: head.error }
  // llhttp leaves both to the caller, and the tunnel of CONNECT has no body
  if (head.method === 'CONNECT') return { verdict: 'accept', data: '' }
  const body = new BodyDecoder()
  body.reset(head.bodyKind, head.contentLength)
  let data = ''
  for (let p = used; ; p = body.pos) {
    const event = body.next(bytes, p, bytes.length)
    if (event === BodyEvent.Data) data += decodeLatin1(bytes, body.dataStart, body.dataEnd)
    else if (event === BodyEvent.End) return { verdict: 'accept', data }
    else if (event === BodyEvent.Error) return { verdict: 'refuse', reason: body.error }
    else return { verdict: 'more' }
  }
}

function httpParserJs(bytes) {
  const parser = new HTTPParser(HTTPParser.REQUEST)
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

const peers = { llhttp, 'http-parser-js': httpParserJs }
const explained = JSON.parse(readFileSync(new URL('./disagreements.json', import.meta.url), 'utf8'))

function explanation(peer, mine, other) {
  return explained.find(
    (e) =>
      (e.peer === undefined || e.peer === peer) &&
      (e.ours === mine || (Array.isArray(e.ours) && e.ours.includes(mine))) &&
      (e.theirs === undefined || e.theirs === other || (Array.isArray(e.theirs) && e.theirs.includes(other))),
  )
}

/** Runs until `enough` says so; gives the number of inputs and what is not explained. */
export function compare(api, seed, enough) {
  const random = generator(seed)
  const open = new Map()
  const counts = new Map()
  let inputs = 0
  while (!enough(inputs)) {
    inputs++
    const text = mutate(random)
    const bytes = Buffer.from(text, 'latin1')
    const mine = ours(api, bytes)
    for (const [peer, read] of Object.entries(peers)) {
      const theirs = read(bytes)
      if (mine.verdict === theirs.verdict && (mine.verdict !== 'accept' || mine.data === theirs.data)) continue
      const [a, b] = [mine, theirs].map((r) => r.reason ?? (mine.verdict === theirs.verdict ? 'other data' : r.verdict))
      const why = explanation(peer, a, b)
      if (why !== undefined) counts.set(why.why, (counts.get(why.why) ?? 0) + 1)
      else {
        const key = `${peer}: ours ${a}, theirs ${b}`
        const found = open.get(key) ?? { count: 0, example: text }
        found.count++
        if (text.length < found.example.length) found.example = text
        open.set(key, found)
      }
    }
  }
  return {
    inputs,
    open: [...open].map(([what, { count, example }]) => ({ what, count, example })),
    counts: [...counts],
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [seconds = 60, seed = Date.now() >>> 0] = process.argv.slice(2).map(Number)
  const until = Date.now() + seconds * 1000
  const { inputs, open, counts } = compare(await import('../dist/index.js'), seed, () => Date.now() > until)
  console.log(`seed ${seed}: ${inputs} inputs`)
  for (const [why, count] of counts.toSorted((a, b) => b[1] - a[1])) console.log(`${String(count).padStart(8)} ${why}`)
  for (const { what, count, example } of open)
    console.log(`NOT EXPLAINED ${count} × ${what}: ${JSON.stringify(example)}`)
  process.exitCode = open.length === 0 ? 0 : 1
}
