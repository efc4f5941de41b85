// Reads the cases of single messages with other parsers, and writes vectors/READERS.md: node packages/parser/fuzz/readers.mjs
// With --facts it writes readers.json instead: what each reader makes of each case, and of the samples of the inspector; servers that
// stand in front of others take part then. What the file knows of readers that are not installed here is kept.
// Another parser takes part with one function: bytes and kind in; accept with its content, refuse, or more out. The servers of Node, Bun
// and Deno take part where these are installed; they read requests only. It needs a build.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { httpParserJs } from './differential.mjs'
import { llhttp } from './llhttp.mjs'
import { startFronts, startServers } from './servers.mjs'

const folder = new URL('../vectors/', import.meta.url)
const require = createRequire(import.meta.url)
const join = (text) =>
  typeof text === 'string' ? text : text.map((p) => (typeof p === 'string' ? p : p[0].repeat(p[1]))).join('')

const { HTTPParser } = process.binding('http_parser')

/** The binding that node:http stands on, in this Node. */
function nodeBinding(bytes, kind) {
  const parser = new HTTPParser()
  parser.initialize(kind === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE, {})
  const result = { data: '', done: false }
  parser[HTTPParser.kOnHeadersComplete | 0] = (...facts) => void (result.done ||= facts[7] === true)
  parser[HTTPParser.kOnHeaders | 0] = () => undefined
  parser[HTTPParser.kOnBody | 0] = (buf) => void (result.done || (result.data += buf.toString('latin1')))
  parser[HTTPParser.kOnMessageComplete | 0] = () => void (result.done = true)
  const outcome = parser.execute(bytes, 0, bytes.length)
  if (result.done) return { verdict: 'accept', data: result.data }
  return outcome instanceof Error ? { verdict: 'refuse' } : { verdict: 'more' }
}

const servers = await startServers(console.log)
const versionOf = (name) => require(`${name}/package.json`).version
const readers = [
  [`llhttp of undici ${versionOf('undici')}`, (bytes, kind) => llhttp(bytes, kind === 'request' ? 1 : 2)],
  [`node:http's binding, Node ${process.versions.node}`, nodeBinding],
  [`http-parser-js ${versionOf('http-parser-js')}`, httpParserJs],
  ...servers.map(({ name, read }) => [name, (bytes, kind) => (kind === 'request' ? read(bytes) : undefined)]),
]

/** The cases as single messages: what is in them, and what is right. Limits are each parser's own business. */
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((file) =>
    JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
      .filter((v) => v.limits === undefined && v.messages === undefined && v.direction === undefined)
      .filter((v) => v.kind === undefined || v.kind === 'chunked')
      .filter((v) => v.requestMethod === undefined || v.requestMethod === 'GET')
      .map((v) => {
        const text =
          v.kind === 'chunked'
            ? `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${join(v.bytes)}`
            : join(v.bytes)
        const { error, incomplete, data } = v.expect ?? v
        const right = error !== undefined ? 'refuse' : incomplete === true ? 'more' : 'accept'
        const kind = v.requestMethod === undefined ? 'request' : 'response'
        return {
          id: v.id,
          what: v.what,
          rfc: v.rfc,
          file: file.slice(0, -5),
          kind,
          text,
          right,
          data: data === undefined ? undefined : join(data),
        }
      }),
  )

if (process.argv.includes('--facts')) {
  const { servers: front, stop } = await startFronts(console.log)
  await writeFacts([
    ...readers,
    ...front.map(({ name, read }) => [name, (bytes, kind) => (kind === 'request' ? read(bytes) : undefined)]),
  ])
  for (const one of servers) one.stop()
  stop()
  process.exit()
}

/** Writes what each reader makes of the cases, by their bytes: `a` with the bytes of content it takes, `r` refuses, `m` waits for more. */
async function writeFacts(all) {
  const file = new URL('readers.json', import.meta.url)
  const before = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { readers: [], request: {}, response: {} }
  const samples = JSON.parse(readFileSync(new URL('../../inspect/page/bytes/samples.json', import.meta.url), 'utf8'))
  const asked = [...cases, ...samples.map(({ side, bytes }) => ({ kind: side, text: bytes }))]
    // Frames are none of their business, and what is long is about limits.
    .filter(({ text }) => text.length <= 1000 && !text.startsWith('PRI * HTTP/2.0') && !text.startsWith('\0'))
  const names = [...new Set([...all.map(([name]) => name), ...before.readers])]
  const facts = { readers: names, request: {}, response: {} }
  for (const [name, read] of [...all, ...before.readers.filter((one) => !all.some(([n]) => n === one)).map((n) => [n])])
    for (let from = 0; from < asked.length; from += 50)
      await Promise.all(
        asked.slice(from, from + 50).map(async ({ kind, text }) => {
          const known = before[kind][text]?.[before.readers.indexOf(name)] ?? ''
          const row = (facts[kind][text] ??= names.map(() => ''))
          row[names.indexOf(name)] = read ? letterOf(await read(Buffer.from(text, 'latin1'), kind)) : known
        }),
      )
  const rows = (kind) =>
    Object.entries(facts[kind])
      .map(([text, row]) => `    ${JSON.stringify(text)}: ${JSON.stringify(row)}`)
      .join(',\n')
  writeFileSync(
    file,
    `{\n  "readers": ${JSON.stringify(names)},\n  "request": {\n${rows('request')}\n  },\n  "response": {\n${rows('response')}\n  }\n}\n`,
  )
}

function letterOf(is) {
  if (is === undefined) return ''
  if (is.verdict === 'accept') return is.data === undefined ? 'a' : `a${is.data.length}`
  return is.verdict === 'refuse' ? 'r' : 'm'
}

/** What a reader makes of a case: right, or in which way not. A head whose content has not come is neither. */
async function judge(read, { text, kind, right, data }) {
  const is = await read(Buffer.from(text, 'latin1'), kind)
  if (is === undefined) return 'not read'
  if (right === 'refuse') return is.verdict === 'refuse' ? 'right' : 'takes'
  if (is.verdict === 'refuse') return 'refuses'
  const isOther = is.verdict === 'accept' && is.data !== undefined && data !== undefined && data !== is.data
  return isOther ? 'misreads' : 'right'
}

const files = [...new Set(cases.map(({ file }) => file))]
const judged = []
for (const [, read] of readers) {
  const list = []
  // some at a time: a server that waits takes its time
  for (let from = 0; from < cases.length; from += 50)
    list.push(...(await Promise.all(cases.slice(from, from + 50).map((one) => judge(read, one)))))
  judged.push(list)
}
for (const { stop } of servers) stop()
const count = (list, file, verdict) => list.filter((is, i) => cases[i].file === file && is === verdict).length
const verdicts = ['takes', 'refuses', 'misreads']
const cell = (list, file) =>
  cases.every((one, i) => one.file !== file || list[i] === 'not read')
    ? '–'
    : verdicts.map((verdict) => count(list, file, verdict)).join(' / ')
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
const all = (list) => verdicts.map((verdict) => list.filter((is) => is === verdict).length).join(' / ')
const refused = cases
  .map((one, i) => ({ one, by: readers.filter((_, r) => judged[r][i] === 'refuses').map(([name]) => name) }))
  .filter(({ by }) => by.length > 0)

writeFileSync(
  new URL('READERS.md', folder),
  `# How others read the cases

<!-- Written by packages/parser/fuzz/readers.mjs. -->

Each cell counts the cases that a reader takes although they must or may be refused / refuses although they are right / reads as another content. Many of the
first are a choice: some readers leave Host, targets and limits to their callers, and the RFC often lets a recipient choose. What two readers on one path choose
differently is what smuggling is made of. ${cases.length} single messages, without those about limits. Servers read requests only, and what they refuse
for its meaning counts, too: CONNECT, an unknown Expect. Of the cases, ${
    cases.filter(({ kind }) => kind === 'request').length
  } are requests.

${table(
  ['cases', 'number', ...readers.map(([name]) => name)],
  [
    ...files.map((file) => [
      file,
      cases.filter((one) => one.file === file).length,
      ...judged.map((list) => cell(list, file)),
    ]),
    ['all', cases.length, ...judged.map((list) => all(list))],
  ],
)}

## Refused although right

${table(
  ['case', 'section', 'what', 'by'],
  refused.map(({ one, by }) => [
    `\`${one.id}\``,
    one.rfc,
    one.what,
    by.map((name) => name.split(/[' ]/)[0]).join(', '),
  ]),
)}

## How to run the cases

A case is JSON, described in [README.md](README.md); nothing in it knows of this parser. A runner needs to join \`bytes\` (one character for each byte), to give them
to the parser whole, byte by byte, and cut at each place, and to compare with \`expect\`: \`error\` for what is to be refused, \`incomplete\`, or facts. Codes and
offsets are ours; that something is refused is not. [\`readers.mjs\`](../fuzz/readers.mjs) is such a runner for whole messages, where each parser takes part with one
function, and [\`replay.ts\`](../test/replay.ts) one that checks everything, in any runtime.
`,
)
