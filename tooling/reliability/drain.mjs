// Shuts a server down while 64 clients keep sending requests, and counts the requests that get no response.
// Usage: node tooling/reliability/drain.mjs [rounds, default 20]; build first.
import { connect } from 'node:net'
import { serve } from '../../packages/core/dist/index.js'
import { countsOf } from '../command-line/index.js'

const { rounds } = countsOf('drain', { rounds: 20 })
const clients = 64
const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

/** Sends requests on one connection after another until none can be opened; counts responses, and requests without one. */
async function client(port, counts) {
  for (let going = true; going;)
    going = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => ask())
      let waiting = false
      let seen = ''
      const ask = () => {
        waiting = true
        socket.write(request)
      }
      const stop = (again) => {
        if (waiting) counts.lost++
        waiting = false
        socket.destroy()
        resolve(again)
      }
      socket.setNoDelay(true)
      socket.on('data', (chunk) => {
        seen += chunk.toString('latin1')
        if (!seen.endsWith('\r\n\r\nok')) return
        const last = seen.includes('Connection: close')
        seen = ''
        waiting = false
        counts.answered++
        if (last) stop(true)
        else ask()
      })
      socket.on('end', () => stop(true))
      // A connection that was refused, or dropped with the listening socket, carried no request.
      socket.on('error', (error) => {
        if (error.code === 'ECONNREFUSED') stop(false)
        else stop(true)
      })
    })
}

const counts = { answered: 0, lost: 0 }
for (let round = 0; round < rounds; round++) {
  const server = await serve((c) => (Math.random() < 0.5 ? c.text('ok') : later(c)), { port: 0 })
  const running = Array.from({ length: clients }, () => client(server.port, counts))
  await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 200))
  const { killed } = await server.close({ deadline: 10_000 })
  if (killed > 0) console.log(`round ${round}: ${killed} connections were cut`)
  await Promise.all(running)
}
console.log(`${rounds} shutdowns under ${clients} clients:`, counts)
process.exitCode = counts.lost > 0 ? 1 : 0

async function later(c) {
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
  return c.text('ok')
}
