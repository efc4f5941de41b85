// Reuses connections in the very moment their keep-alive time ends, on our server and on node:http, and counts what
// clients see. Usage: node tooling/reliability/keep-alive-race.mjs [trials, default 20000]; build first.
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { serve } from '../../packages/core/dist/index.js'

const trials = Number(process.argv[2] ?? 20_000)
/** Connections at a time. */
const batch = 500
const keepAlive = 100
const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

/** One connection: a request, a wait, and another request in the moment of the server's end. */
function trial(port, wait) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let replies = 0
    let sentAgain = false
    let seen = ''
    socket.setNoDelay(true)
    socket.on('connect', () => socket.write(request))
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1')
      if (!seen.endsWith('ok')) return
      seen = ''
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
    // A client that had nothing under way is not hurt; one that sees an orderly end before any byte may safely retry.
    socket.on('end', () => resolve(sentAgain ? 'ended' : 'closed before'))
    socket.on('error', (error) => resolve(error.code === 'ECONNRESET' || error.code === 'EPIPE' ? 'reset' : error.code))
  })
}

/** When an idle connection is ended, in milliseconds after its reply: earliest and latest of a few. */
async function measure(port) {
  const times = await Promise.all(
    Array.from(
      { length: 50 },
      () =>
        new Promise((resolve) => {
          const socket = connect(port, '127.0.0.1', () => socket.write(request))
          let replied = 0
          socket.on('data', () => (replied = performance.now()))
          socket.on('end', () => resolve(performance.now() - replied))
        }),
    ),
  )
  return [Math.min(...times), Math.max(...times)]
}

async function run(name, port) {
  const [earliest, latest] = await measure(port)
  const counts = {}
  for (let done = 0; done < trials; done += batch) {
    const results = await Promise.all(
      Array.from({ length: batch }, () => trial(port, earliest - 2 + Math.random() * (latest - earliest + 4))),
    )
    for (const result of results) counts[result] = (counts[result] ?? 0) + 1
  }
  console.log(`${name}: ends idle connections ${earliest.toFixed(0)}–${latest.toFixed(0)} ms after a reply;`, counts)
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
