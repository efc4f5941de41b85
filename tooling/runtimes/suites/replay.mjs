// The command `spillway-replay`: reads recordings of every kind, and sends one again.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { run as runProgram, runChecks } from './harness.mjs'
import { conversation, packets, pcap, pcapng } from './packets.mjs'

const program = 'node_modules/@spillway/replay/dist/main.js'
const replay = (...args) => runProgram([program, ...args])

const turns = [
  ['request', 'POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabc'],
  ['response', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789'],
  ['request', 'GET /b HTTP/1.1\r\nHost: a.example\r\n\r\n'],
  ['response', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
]
const list = packets(conversation(turns, 20))
writeFileSync('capture.pcap', pcap(list))
writeFileSync('capture.pcapng', pcapng(list))
writeFileSync('broken.http', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
writeFileSync('access.log', '10.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /b HTTP/1.1" 200 5 "-" "curl"\n')

/** Runs a server that answers as in the recording, except that the content of `/b` is given here. */
async function withServer(b, use) {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end(request.url === '/a' ? '0123456789' : b))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(`http://127.0.0.1:${server.address().port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

export const run = () =>
  runChecks({
    'captures are listed': async () => {
      for (const file of ['capture.pcap', 'capture.pcapng']) {
        const { out } = await replay('list', file)
        assert.match(out, /200 +POST +http:\/\/a\.example\/a +10 B\n[^]* 200 +GET +http:\/\/a\.example\/b +5 B\n/)
      }
    },
    'an access log is listed': async () => {
      assert.match((await replay('list', 'access.log')).out, /GET .*\/b/)
    },
    'bytes are shown with a verdict': async () => {
      assert.match((await replay('show', 'broken.http', '1')).out, /HOST_REPEATED/)
    },
    'a capture becomes a HAR file, which is sent again and compared': async () => {
      const { out } = await replay('har', 'capture.pcap')
      assert.equal(JSON.parse(out).log.entries.length, 2)
      writeFileSync('recording.har', out)
      await withServer('hello', async (url) => {
        const { out: report } = await replay('send', 'recording.har', '--to', url)
        assert.match(report, /2 as recorded, 0 different, 0 unanswered, 0 not sent/)
      })
      await withServer('other', async (url) => {
        const { out: report } = await runProgram([program, 'send', 'recording.har', '--to', url], { status: 1 })
        assert.match(report, /GET \S+\/b: different[^]*1 as recorded, 1 different/)
      })
    },
    'exact bytes are sent': () =>
      withServer('hello', async (url) => {
        assert.match((await replay('send', 'capture.pcap', '--to', url, '--raw')).out, /2 as recorded/)
      }),
    'help and mistakes': async () => {
      assert.match((await replay('--help')).out, /spillway-replay/)
      const { err } = await runProgram([program, 'list', 'none-such'], { status: 2 })
      assert.match(err, /none-such/)
    },
  })
