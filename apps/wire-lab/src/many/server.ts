// One of the four small servers that the lab compares: node many-server.js blocking|process|event|cluster
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { pbkdf2Sync } from 'node:crypto'
import { type Socket, createServer as createTcpServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Context, NodeTransport, type Reply, type Server, createServer, serve } from '@spillway/core'
import { cluster } from '@spillway/core/cluster'
import { router } from '@spillway/middleware/router'
import { load } from '../model/many.ts'

const [, , way] = process.argv

const nothing = new Int32Array(new SharedArrayBuffer(4))

/** Blocks while it waits: meanwhile, this process serves nobody else. */
function block(c: Context): Reply {
  Atomics.wait(nothing, 0, 0, load.waitMs)
  return c.text('waited')
}

/** Waits without blocking: meanwhile, others are served. */
async function yieldTo(c: Context): Promise<Reply> {
  await sleep(load.waitMs)
  return c.text('waited')
}

/** About ten milliseconds of work for the processor. */
function work(c: Context): Reply {
  return c.text(pbkdf2Sync('spillway', 'salt', 50_000, 16, 'sha256').toString('hex'))
}

const waits = way === 'blocking' || way === 'one'
const app = router()
  .get('/quick', (c) => c.text('at once'))
  .get('/wait', waits ? block : yieldTo)
  .get('/work', work)

async function start(): Promise<Server> {
  const server = await serve(app, { port: 0 })
  process.stdout.write(`${server.url}\n`)
  return server
}

/** Accepts connections, and hands each to a process of its own, started in advance: starting takes longer than a request. */
async function acceptForOthers(): Promise<void> {
  const spare = Array.from({ length: load.clients }, () => fork(fileURLToPath(import.meta.url), ['one']))
  await Promise.all(spare.map((child) => once(child, 'message')))
  const listener = createTcpServer({ pauseOnConnect: true }, (socket) => {
    const child = spare.pop() ?? fork(fileURLToPath(import.meta.url), ['one'])
    child.on('error', () => socket.destroy())
    child.send('connection', socket, (error) => error && socket.destroy())
  })
  listener.listen(0, '127.0.0.1', () => {
    const { port } = listener.address() as { port: number }
    process.stdout.write(`http://127.0.0.1:${port}\nready ${load.clients + 1}\n`)
  })
}

/** Serves the connection that the parent process hands over, and exits with it. */
function serveOne(): void {
  process.once('message', (_, socket: Socket) => {
    socket.once('close', () => process.exit(0))
    createServer(app).accept(new NodeTransport(socket))
  })
  process.once('disconnect', () => process.exit(0))
  process.send!('ready')
}

// The parent process holds the other end of stdin: when the parent is gone, this process exits.
if (way !== 'one') process.stdin.resume().on('end', () => process.exit(0))

if (way === 'one') serveOne()
else if (way === 'process') await acceptForOthers()
else if (way === 'cluster') {
  const { status } = await cluster(start, { deadline: 100 })
  process.stdout.write(`ready ${status.workers.length}\n`)
} else {
  await start()
  process.stdout.write('ready 1\n')
}
