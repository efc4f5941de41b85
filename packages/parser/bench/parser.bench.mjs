// Compares the built package with Node's own llhttp binding (Node 20) and with http-parser-js, all in one interleaved run:
//   node packages/parser/bench/parser.bench.mjs [rounds]
// Times are the best of the rounds, which are short: on a busy machine most are interrupted, and only the ratios mean something.
import { HTTPParser as JsParser } from 'http-parser-js'
import { BodyDecoder, BodyKind, RequestHead } from '../dist/index.js'

const rounds = Number(process.argv[2] ?? 200)
const native = (() => {
  try {
    return process.binding('http_parser').HTTPParser
  } catch {
    return null
  }
})()

const small = Buffer.from('GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n')
const browser = Buffer.from(
  [
    'GET /assets/app/index.html?v=20240113 HTTP/1.1',
    'Host: www.example.com',
    'Connection: keep-alive',
    'Cache-Control: max-age=0',
    'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"',
    'sec-ch-ua-mobile: ?0',
    'sec-ch-ua-platform: "Linux"',
    'Upgrade-Insecure-Requests: 1',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
    'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
    'Sec-Fetch-Site: none',
    'Sec-Fetch-Mode: navigate',
    'Sec-Fetch-User: ?1',
    'Sec-Fetch-Dest: document',
    'Accept-Encoding: gzip, deflate, br, zstd',
    'Accept-Language: en-US,en;q=0.9',
    'Cookie: session=0123456789abcdef; theme=dark',
    '\r\n',
  ].join('\r\n'),
)
const refused = Buffer.from(browser.toString('latin1').replace('Accept-Language: ', 'Accept-Language : '), 'latin1')
const postHead = Buffer.from('POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')

function chunks(size, count) {
  const one = Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), Buffer.alloc(size, 'x'), Buffer.from('\r\n')])
  return Buffer.concat([...Array(count).fill(one), Buffer.from('0\r\n\r\n')])
}

function ours() {
  const head = new RequestHead()
  const body = new BodyDecoder()
  return {
    head(buf, n) {
      let used = 0
      for (let i = 0; i < n; i++) used += head.parse(buf, 0, buf.length)
      return used
    },
    body(buf, n) {
      let bytes = 0
      for (let i = 0; i < n; i++) {
        head.parse(buf, 0, buf.length)
        body.reset(BodyKind.Chunked, 0)
        for (let p = head.headEnd; body.next(buf, p, buf.length) === 1; p = body.pos)
          bytes += body.dataEnd - body.dataStart
      }
      return bytes
    },
  }
}

function binding(Parser, initialize) {
  let bytes = 0
  const parser = new Parser(Parser.REQUEST)
  initialize?.(parser)
  parser[Parser.kOnHeadersComplete | 0] = () => 0
  // the native one hands out a Buffer, the other a range of one
  parser[Parser.kOnBody | 0] = (buf, _start, length) => void (bytes += length ?? buf.length)
  parser[Parser.kOnMessageComplete | 0] = () => undefined
  const run = (buf, n) => {
    for (let i = 0; i < n; i++) parser.execute(buf, 0, buf.length)
    return bytes
  }
  return { head: run, body: run }
}

const makers = {
  ours: ours,
  ...(native === null
    ? {}
    : { 'llhttp binding': () => binding(native, (p) => p.initialize(native.REQUEST, {}, 0, 0)) }),
  'http-parser-js': () => binding(JsParser),
}
const cases = [
  ['40-byte head', 'head', small, 1, 4000],
  [`${browser.length}-byte browser head`, 'head', browser, 1, 800],
  ['200 chunks of 64 bytes', 'body', Buffer.concat([postHead, chunks(64, 200)]), 200, 20],
  ['20 chunks of 16 KiB', 'body', Buffer.concat([postHead, chunks(16384, 20)]), 20, 40],
]
// one closure per case and parser: a shared one would be compiled for all of them at once
const runs = cases.map(([, kind]) => Object.entries(makers).map(([name, make]) => [name, make()[kind], Infinity]))
for (let round = 0; round < rounds; round++) {
  for (const [i, [, , buf, , n]] of cases.entries()) {
    for (const run of runs[i]) {
      const started = performance.now()
      run[1](buf, n)
      run[2] = Math.min(run[2], (performance.now() - started) * (1e6 / n))
    }
  }
}
for (const [i, [title, , , per]] of cases.entries()) {
  const mine = runs[i][0][2]
  const line = runs[i].map(([name, , ns]) => `${name} ${(ns / per).toFixed(0)} ns (${(mine / ns).toFixed(2)} ×)`)
  console.log(`${title.padEnd(24)} ${line.join('   ')}`)
}

const head = new RequestHead()
for (const { title, buf } of [
  { title: 'accepted', buf: browser },
  { title: 'refused', buf: refused },
]) {
  for (let i = 0; i < 50_000; i++) head.parse(buf, 0, buf.length)
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 20_000; i++) head.parse(buf, 0, buf.length)
  console.log(
    `${title} head: ${Math.max(0, (process.memoryUsage().heapUsed - before) / 20_000).toFixed(1)} bytes allocated`,
  )
}
