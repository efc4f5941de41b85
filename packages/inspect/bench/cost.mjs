// What the inspector costs a small request: node packages/inspect/bench/cost.mjs [rounds]
// Processor time of the server for each request, medians over rounds in which each variant is asked once.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'

const variants = ['without', 'attached', 'recording', 'watched']
const connections = 16
const milliseconds = 1000
const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** One variant as a process: it tells its address, and its processor time when it is asked. */
async function serve(variant) {
  const { createServer } = await import('@spillway/core')
  const { router } = await import('@spillway/middleware/router')
  const { inspector } = await import('@spillway/inspect')
  const app = router()
  let link = ''
  const print = (line) => (link = line.replace('Inspector: ', '').trim())
  if (variant !== 'without') app.use(inspector({ always: variant === 'recording', print }))
  app.get('/', (c) => c.text('hello'))
  const server = createServer(app)
  await server.listen({ port: 0, host: '127.0.0.1' })
  process.on('message', () => process.send(process.cpuUsage()))
  process.once('disconnect', () => process.exit())
  process.send({ port: server.port, link: link.replace('http://<this server>', server.url) })
}

/** Asks on all connections, each as soon as it was answered; resolves with the number of replies. */
async function ask(port) {
  let replies = 0
  let isOver = false
  const sockets = Array.from({ length: connections }, () => connect({ port, host: '127.0.0.1', noDelay: true }))
  for (const socket of sockets) {
    socket.on('data', () => {
      replies++
      if (isOver) socket.destroy()
      else socket.write(request)
    })
    socket.once('connect', () => socket.write(request))
  }
  await new Promise((resolve) => setTimeout(resolve, milliseconds))
  isOver = true
  await Promise.all(sockets.map((socket) => once(socket, 'close')))
  return replies
}

/** A page that is open, as far as the server can tell. */
async function watch(link) {
  const opened = await fetch(link, { redirect: 'manual' })
  const cookie = opened.headers.get('set-cookie').split(';', 1)[0]
  const events = await fetch(new URL('events', new URL(opened.headers.get('location'), link)), { headers: { cookie } })
  void (async () => {
    for await (const _ of events.body);
  })().catch(() => {})
}

async function usage(child) {
  child.send('how much')
  const [{ user, system }] = await once(child, 'message')
  return user + system
}

function median(costs) {
  return costs.toSorted((a, b) => a - b)[costs.length >> 1]
}

async function compare(rounds) {
  const servers = new Map()
  for (const variant of variants) {
    const child = fork(fileURLToPath(import.meta.url), ['serve', variant], { env: { ...process.env, NODE_ENV: '' } })
    const [{ port, link }] = await once(child, 'message')
    if (variant === 'watched') await watch(link)
    servers.set(variant, { child, port, costs: [] })
  }
  for (let round = -1; round < rounds; round++)
    for (const { child, port, costs } of servers.values()) {
      const before = await usage(child)
      const replies = await ask(port)
      const cost = (await usage(child)) - before
      // The first round is for the compiler.
      if (round >= 0) costs.push(cost / replies)
    }
  const base = median(servers.get('without').costs)
  for (const [variant, { child, costs }] of servers) {
    const cost = median(costs)
    console.log(`${variant.padEnd(10)} ${cost.toFixed(2)} µs a request, ${(cost / base).toFixed(3)} × without`)
    child.disconnect()
  }
}

const [what, value] = process.argv.slice(2)
if (what === 'serve') await serve(value)
else {
  await compare(Number(what ?? 9))
  process.exit()
}
