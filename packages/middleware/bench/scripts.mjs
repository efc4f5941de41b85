// What dynamic scripts cost per request, over memory instead of sockets: node bench/scripts.mjs, after a build. Nearly all of
// CGI is starting the process; the same process started without us is the line to compare with. FastCGI is asked of an
// application in this process that answers the same bytes each time; they once there and back without us are the line.
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testServer } from '@spillway/core/testing'
import { cgi } from '../dist/cgi.js'
import { fastcgi } from '../dist/fastcgi.js'
import { compare } from './measure.mjs'

const root = mkdtempSync(join(tmpdir(), 'spillway-bench-'))
const script = join(root, 'hello.sh')
writeFileSync(script, "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhello'\n")
chmodSync(script, 0o755)

const record = (type, text) =>
  Buffer.from([1, type, 0, 1, text.length >> 8, text.length & 255, 0, 0, ...Buffer.from(text)])
const answer = Buffer.concat([record(6, 'Content-Type: text/plain\n\nhello'), record(6, ''), record(3, '\0'.repeat(8))])
const endOfContent = record(5, '')
const application = createServer((socket) =>
  socket.on('data', (bytes) => bytes.subarray(-8).equals(endOfContent) && socket.write(answer)),
)
const address = { path: join(root, 'app.sock') }
await new Promise((resolve) => application.listen(address, resolve))
const plain = connect(address)

await compare([
  ['a process of its own, without us', 1000, ended],
  ['cgi: a shell script', 1000, exchange(cgi(root))],
  ['the bytes of FastCGI, without us', 50_000, thereAndBack],
  ['fastcgi: one script', 50_000, exchange(fastcgi(address).script('/app'))],
])
rmSync(root, { recursive: true })
plain.destroy()
application.close()

function thereAndBack() {
  plain.write(endOfContent)
  return new Promise((resolve) => plain.once('data', resolve))
}

/** Starts the script as a server would, and reads its output. */
function ended() {
  return new Promise((resolve) => {
    const child = spawn(script, { detached: true, env: {} })
    child.stdin.end()
    child.stderr.resume()
    child.stdout.resume()
    child.on('close', resolve)
  })
}

/** One request after the other to a handler. */
function exchange(handler) {
  let over
  const client = testServer((c) => {
    c.done(() => setImmediate(() => over()))
    return handler(c)
  }).connect()
  return () => {
    const done = new Promise((resolve) => (over = resolve))
    client.send('GET /hello.sh HTTP/1.1\r\nHost: x\r\n\r\n')
    return done
  }
}
