// Mutated cases through observers, both directions and all profiles: node packages/parser/fuzz/observer.mjs [seconds] [seed]
// A profile changes nothing that a strict reader accepts; what it refuses first is the first deviation, or refused as well; the place of
// the cuts changes nothing; and everything comes to an end.
import { fileURLToPath } from 'node:url'
import { generator, mutate, seeds } from './differential.mjs'

/** What a reader says of bytes that come in pieces of `size`, neighbouring data as one. */
function told(ParseError, parser, bytes, size) {
  const lines = []
  const take = () => {
    for (const event of parser) {
      const { type, at, head, data, code } = event
      const last = lines.at(-1)
      if (data !== undefined && last?.type === type) last.text += Buffer.from(data).toString('latin1')
      else if (type === 'extensions' || type === 'trailers') continue
      else
        lines.push({
          type,
          at: data === undefined ? at : 0,
          text: head?.text ?? code ?? (data === undefined ? '' : Buffer.from(data).toString('latin1')),
        })
      if (lines.length > 100_000) throw new Error('no end of events')
    }
  }
  try {
    for (let at = 0; at < bytes.length; at += size) {
      parser.feed(bytes.subarray(at, at + size))
      take()
    }
    parser.end()
    take()
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    lines.push({ type: 'error', at: parser.position, text: error.code })
  }
  return lines.map(({ type, at, text }) => `${type} ${at} ${text}`)
}

/** Runs until `enough` says so; gives the number of inputs and what is wrong. */
export function observe({ MessageParser, ObservingParser, ParseError, profiles }, seed, enough) {
  const random = generator(seed)
  const wrong = []
  let inputs = 0
  for (; !enough(inputs); inputs++) {
    const kind = random(2) === 0 ? 'response' : 'request'
    const bytes = Buffer.from(mutate(random, seeds[kind]), 'latin1')
    const size = 1 + random(random(2) === 0 ? 10 : bytes.length + 1)
    const strict = told(ParseError, new MessageParser(kind), bytes, bytes.length || 1)
    const isRefused = strict.at(-1)?.startsWith('error ') === true
    const before = isRefused ? strict.slice(0, -1) : strict
    for (const profile of profiles) {
      const whole = told(ParseError, new ObservingParser(kind, profile), bytes, bytes.length || 1)
      const cut = told(ParseError, new ObservingParser(kind, profile), bytes, size)
      const report = (what) =>
        wrong.push({ what: `${kind}, ${profile.name}: ${what}`, example: bytes.toString('latin1') })
      if (JSON.stringify(whole) !== JSON.stringify(cut)) report(`another reading in pieces of ${size}`)
      // data goes on behind a mistake in its framing
      const isSame = before.every(
        (line, i) => whole[i] === line || (i === before.length - 1 && whole[i]?.startsWith(line)),
      )
      if (!isSame) report('another reading in front of the first mistake')
      const first = whole.slice(before.length).find((line) => /^(deviation|error) /.test(line))
      if (isRefused && first?.replace(/^\w+/, 'error') !== strict.at(-1)) {
        // a head whose line never ends is incomplete
        if (first === undefined || !/ (MESSAGE_INCOMPLETE)$/.test(first)) report(`not ${strict.at(-1)} but ${first}`)
      }
    }
    if (wrong.length > 20) break
  }
  return { inputs, wrong }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [seconds = 60, seed = Date.now() >>> 0] = process.argv.slice(2).map(Number)
  const { MessageParser, ParseError } = await import('../dist/index.js')
  const { observer, ObservingParser, strict, userAgent } = await import('../dist/observer.js')
  const until = Date.now() + seconds * 1000
  const api = { MessageParser, ObservingParser, ParseError, profiles: [strict, userAgent, observer] }
  const { inputs, wrong } = observe(api, seed, () => Date.now() > until)
  console.log(`seed ${seed}: ${inputs} inputs`)
  for (const { what, example } of wrong) console.log(`${what}: ${JSON.stringify(example).slice(0, 400)}`)
  process.exitCode = wrong.length === 0 ? 0 : 1
}
