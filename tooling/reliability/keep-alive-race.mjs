// Reuses connections at the very moment their keep-alive time ends, on our server and on node:http, and counts what
// clients see. Usage: node tooling/reliability/keep-alive-race.mjs [trials, default 20000]; build first.
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { serve } from '../../packages/core/dist/index.js'
import { countsOf } from '../command-line/index.js'

const { trials } = countsOf('keep-alive-race', { trials: 20_000 })
/** Connections opened at the same time. */
const batch = 500
const keepAlive = 100
const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

/** One connection: a request, a wait, and another request just as the server closes it; `ends` records when that happens. */
function trial(port, wait, ends) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let replies = 0
    let sentAgain = false
    let seen = ''
    let replied = 0
    socket.setNoDelay(true)
    socket.on('connect', () => socket.write(request))
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1')
      if (!seen.endsWith('ok')) return
      seen = ''
      replied = performance.now()
      replies++
      if (replies === 2) {
        socket.destroy()
        resolve('answered')
      } else
        setTimeout(() => {
          if (socket.readableEnded || socket.destroyed) return
          sentAgain = true
          socket.write(request)
        }, wait)
    })
    // A client with no request in progress is not affected; one that sees a clean close before any byte may safely retry.
    socket.on('end', () => {
      ends.push(performance.now() - replied)
      resolve(sentAgain ? 'ended' : 'closed before')
    })
    socket.on('error', (error) => resolve(error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'reset' : error.code))
  })
}

async function run(name, port) {
  const counts = {}
  // The first batch only waits for the close; each later one aims at the times at which the previous one saw it.
  let [from, to] = [5000, 5000]
  for (let done = -batch; done < trials; done += batch) {
    const ends = []
    const results = await Promise.all(
      Array.from({ length: batch }, () => trial(port, from + Math.random() * (to - from), ends)),
    )
    ends.sort((a, b) => a - b)
    if (ends.length > 0) [from, to] = [ends[0] - 4, ends[Math.floor(ends.length / 2)] + 2]
    if (done < 0) continue
    for (const result of results) counts[result] = (counts[result] ?? 0) + 1
  }
  console.log(`${name}:`, counts)
  return counts.reset ?? 0
}

const ours = await serve((c) => c.text('ok'), { port: 0, timeouts: { keepAlive } })
const node = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
node.keepAliveTimeout = keepAlive
await new Promise((resolve) => node.once('listening', resolve))

const resets = await run('spillway ', ours.port)
await run('node:http', node.address().port)
await ours.close({ deadline: 1000 })
node.close()
node.closeAllConnections()
process.exitCode = resets > 0 ? 1 : 0
