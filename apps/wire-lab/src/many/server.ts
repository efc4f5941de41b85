// One of the three small servers that the lab compares: node many-server.js blocking|event|cluster
import { pbkdf2Sync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, type Reply, type Server, serve } from '@spillway/core'
import { cluster } from '@spillway/core/cluster'
import { router } from '@spillway/middleware/router'
import { load } from '../model/many.ts'

const [, , way] = process.argv

const nothing = new Int32Array(new SharedArrayBuffer(4))

/** Waits and does nothing else: while it waits, this process serves nobody. */
function block(c: Context): Reply {
  Atomics.wait(nothing, 0, 0, load.waitMs)
  return c.text('waited')
}

/** Waits, and lets others be served meanwhile. */
async function yieldTo(c: Context): Promise<Reply> {
  await sleep(load.waitMs)
  return c.text('waited')
}

/** About ten milliseconds of work for the processor. */
function work(c: Context): Reply {
  return c.text(pbkdf2Sync('spillway', 'salt', 50_000, 16, 'sha256').toString('hex'))
}

async function start(): Promise<Server> {
  const app = router()
    .get('/quick', (c) => c.text('at once'))
    .get('/wait', way === 'blocking' ? block : yieldTo)
    .get('/work', work)
  const server = await serve(app, { port: 0 })
  process.stdout.write(`${server.url}\n`)
  return server
}

// Whoever started this process holds the other end: when that is gone, so is this.
process.stdin.resume().on('end', () => process.exit(0))

if (way === 'cluster') {
  const { status } = await cluster(start, { deadline: 100 })
  process.stdout.write(`ready ${status.workers.length}\n`)
} else {
  await start()
  process.stdout.write('ready 1\n')
}
