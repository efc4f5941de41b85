// Measures the speed and memory of reading captures: node apps/replay/bench/capture.mjs [MB, default 1000]
// after a build. It writes a capture of that size and one of a tenth of it into a temporary folder, lists both, and prints megabytes per
// second, in wall-clock and CPU time, and the peak memory. Memory does not depend on the size if both peaks are the same.
import { execFile } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const SEGMENT = 1460
/** Concurrent connections, exchanges on each, and the size of each content in bytes. */
const CONNECTIONS = 32
const CONTENTS = [120, 900, 4_000, 15_000, 60_000, 200_000]

/** A TCP segment over IPv4 on Ethernet. */
function packet(connection, isRequest, sequence, acknowledged, flags, payload) {
  const head = Buffer.alloc(54)
  head.writeUInt16BE(0x0800, 12)
  head[14] = 0x45
  head.writeUInt16BE(40 + payload.length, 16)
  head[23] = 6
  head.set(isRequest ? [10, 0, 0, 1, 10, 0, 0, 2] : [10, 0, 0, 2, 10, 0, 0, 1], 26)
  head.writeUInt16BE(isRequest ? 40_000 + connection : 80, 34)
  head.writeUInt16BE(isRequest ? 80 : 40_000 + connection, 36)
  head.writeUInt32BE(sequence, 38)
  head.writeUInt32BE(acknowledged, 42)
  head[46] = 5 << 4
  head[47] = flags
  return Buffer.concat([head, payload])
}

const SYN = 2
const ACK = 16
const FIN = 1

/** All packets of one connection, in order. */
function* packetsOf(number) {
  const at = { request: 1000, response: 9000 }
  const none = Buffer.alloc(0)
  yield packet(number, true, at.request++, 0, SYN, none)
  yield packet(number, false, at.response++, at.request, SYN | ACK, none)
  for (const [i, bytes] of CONTENTS.entries()) {
    const request = `GET /connections/${number}/${i} HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/130.0\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\nCookie: session=0123456789abcdef0123456789abcdef\r\n\r\n`
    const content = 'x'.repeat(bytes)
    const framing =
      i % 2 === 0
        ? `Content-Length: ${bytes}\r\n\r\n${content}`
        : `Transfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n${content}\r\n0\r\n\r\n`
    const response = `HTTP/1.1 200 OK\r\nDate: Sun, 29 Nov 2026 12:00:00 GMT\r\nServer: spillway\r\nContent-Type: text/plain\r\nCache-Control: max-age=60\r\n${framing}`
    for (const [side, text] of Object.entries({ request, response })) {
      const isRequest = side === 'request'
      const data = Buffer.from(text)
      for (let from = 0; from < data.length; from += SEGMENT) {
        const piece = data.subarray(from, from + SEGMENT)
        yield packet(number, isRequest, at[side], isRequest ? at.response : at.request, ACK, piece)
        at[side] += piece.length
        if (!isRequest && from % (SEGMENT * 8) === 0) yield packet(number, true, at.request, at.response, ACK, none)
      }
    }
  }
  yield packet(number, true, at.request, at.response, FIN | ACK, none)
  yield packet(number, false, at.response, at.request + 1, FIN | ACK, none)
}

/** The records of some connections, with their packets interleaved. */
function block() {
  let open = Array.from({ length: CONNECTIONS }, (_, i) => packetsOf(i))
  const parts = []
  while (open.length > 0) {
    const left = []
    for (const one of open) {
      const { done, value } = one.next()
      if (done) continue
      left.push(one)
      const record = Buffer.alloc(16)
      record.writeUInt32LE(1_790_000_000, 0)
      record.writeUInt32LE(parts.length % 1e6, 4)
      record.writeUInt32LE(value.length, 8)
      record.writeUInt32LE(value.length, 12)
      parts.push(record, value)
    }
    open = left
  }
  return Buffer.concat(parts)
}

/** Writes a capture of at least this many bytes; the same ports are reused again and again. */
function write(file, bytes) {
  const head = Buffer.alloc(24)
  head.writeUInt32LE(0xa1b2c3d4, 0)
  head.writeUInt16LE(2, 4)
  head.writeUInt16LE(4, 6)
  head.writeUInt32LE(262_144, 16)
  head.writeUInt32LE(1, 20)
  const handle = openSync(file, 'w')
  const again = block()
  for (let at = writeSync(handle, head); at < bytes; at += again.length) writeSync(handle, again)
  closeSync(handle)
}

const report = `data:text/javascript,process.on('exit', () => console.error(JSON.stringify({ cpu: process.cpuUsage(), rss: process.resourceUsage().maxRSS })))`

function list(file) {
  return new Promise((resolve, reject) => {
    const started = performance.now()
    const options = { maxBuffer: Infinity }
    execFile(process.execPath, ['--import', report, main, 'list', file], options, (error, stdout, stderr) => {
      if (error) return reject(error)
      const { cpu, rss } = JSON.parse(stderr.trim().split('\n').at(-1))
      const mega = statSync(file).size / 1e6
      const seconds = (performance.now() - started) / 1000
      resolve({
        MB: Math.round(mega),
        transactions: stdout.split('\n').length - 1,
        'MB/s': Math.round(mega / seconds),
        'MB/s of processor': Math.round(mega / ((cpu.user + cpu.system) / 1e6)),
        'MB of memory': Math.round(rss / 1024),
      })
    })
  })
}

const mega = Number(process.argv[2] ?? 1000)
const folder = mkdtempSync(join(tmpdir(), 'replay-'))
try {
  const file = join(folder, 'capture.pcap')
  const rows = []
  for (const part of [0.1, 1]) {
    write(file, mega * 1e6 * part)
    rows.push(await list(file))
  }
  console.table(rows)
} finally {
  rmSync(folder, { recursive: true })
}
