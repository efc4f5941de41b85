// What dynamic scripts cost per request, over memory instead of sockets: node bench/scripts.mjs, after a build. Nearly all of
// it is starting the process; the same process started without us is the line to compare with.
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testServer } from '@spillway/core/testing'
import { cgi } from '../dist/cgi.js'

const runs = 3
const count = 100
const root = mkdtempSync(join(tmpdir(), 'spillway-bench-'))
const script = join(root, 'hello.sh')
writeFileSync(script, "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhello'\n")
chmodSync(script, 0o755)

const cases = [
  ['a process of its own, without us', ended],
  ['cgi: a shell script', exchange(cgi(root))],
]
for (const [name, once] of cases) {
  const times = []
  for (let run = 0; run < runs; run++) {
    const started = performance.now()
    for (let i = 0; i < count; i++) await once()
    times.push(((performance.now() - started) / count) * 1000)
  }
  console.log(
    `${name.padEnd(36)} ${Math.min(...times)
      .toFixed(0)
      .padStart(6)} µs`,
  )
}
rmSync(root, { recursive: true })

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
