// Sends requests through the proxy that clients abandon in every phase, and looks for leaks: sockets, file descriptors, timers,
// counters. Usage: node tooling/reliability/abandoned-requests.mjs [requests, default 100000]; build first.
import { fork } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { serve } from '../../packages/core/dist/index.js'
import { proxy, upstreams } from '../../packages/middleware/dist/proxy.js'
import { countsOf } from '../command-line/index.js'

if (process.argv[2] === 'others') await others()
else await main(countsOf('abandoned-requests', { requests: 100_000 }).requests)

/** Everything but the proxy, in a process of its own: the upstream server and the clients. */
async function others() {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const path = chunk.toString('latin1').split(' ')[1]
      if (path === '/half') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nhalf')
      if (path === '/whole') socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole')
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  process.send({ port: server.address().port })
  const { port, requests } = await new Promise((resolve) => process.once('message', resolve))
  const phases = [
    ['GET / HTTP', 0],
    ['GET /silent HTTP/1.1\r\nHost: a\r\n\r\n', 0],
    ['GET /silent HTTP/1.1\r\nHost: a\r\n\r\n', 5],
    ['GET /half HTTP/1.1\r\nHost: a\r\n\r\n', 'half'],
    ['GET /whole HTTP/1.1\r\nHost: a\r\n\r\n', 'HTTP/1.1'],
    ['POST /silent HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf', 2],
    ['POST /silent HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', 2],
    ['POST /silent HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n', 2],
  ]
  let sent = 0
  const client = async () => {
    while (sent < requests) {
      const [text, leave] = phases[sent++ % phases.length]
      await abandon(port, text, leave, Math.random() < 0.5)
    }
  }
  await Promise.all(Array.from({ length: 200 }, client))
  process.send('done')
}

/** Sends a request, waits for a text or some milliseconds, and abandons the connection with or without a reset. */
function abandon(port, text, leave, reset) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(text, () => {
        if (typeof leave === 'number') setTimeout(end, leave)
      }),
    )
    const end = () => {
      if (reset) socket.resetAndDestroy()
      else socket.destroy()
    }
    let seen = ''
    socket.on('data', (chunk) => {
      seen += chunk.toString('latin1')
      if (typeof leave === 'string' && seen.includes(leave)) end()
    })
    socket.on('error', () => {})
    socket.on('close', resolve)
  })
}

async function main(requests) {
  const child = fork(fileURLToPath(import.meta.url), ['others'])
  const { port } = await message(child)
  const group = upstreams([`http://127.0.0.1:${port}`], { pool: { connections: 1000 } })
  const server = await serve(proxy(group), { port: 0, host: '127.0.0.1', onError: () => undefined })
  const before = held()
  const started = performance.now()
  child.send({ port: server.port, requests })
  await message(child)
  const seconds = (performance.now() - started) / 1000
  const deadline = performance.now() + 30_000
  while (performance.now() < deadline && !(same(before, held()) && server.stats.open === 0))
    await new Promise((resolve) => setTimeout(resolve, 100))
  const after = held()
  const [{ active, idle, requests: forwarded }] = group.status
  console.log(`${requests} abandoned requests in ${seconds.toFixed(0)} s, ${forwarded} of them sent on`)
  console.log('held before:', before, 'after:', after, { connections: server.stats.open, active, idle })
  const clean = same(before, after) && server.stats.open === 0 && active === 0 && idle === 0
  console.log(clean ? 'nothing is left' : 'SOMETHING IS LEFT')
  group.close()
  await server.close({ deadline: 0 })
  child.kill('SIGKILL')
  process.exitCode = clean ? 0 : 1
}

/** The file descriptors of this process, and the handles of its event loop by kind. */
function held() {
  const counts = { descriptors: readdirSync('/proc/self/fd').length }
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

function same(a, b) {
  const kinds = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...kinds].every((kind) => a[kind] === b[kind])
}

function message(child) {
  return new Promise((resolve) => child.once('message', resolve))
}
