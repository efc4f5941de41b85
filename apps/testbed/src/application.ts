import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, type Handler, HttpError } from '@spillway/core'
import { router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'
import type { Arguments } from './arguments.ts'

/** The block that the content of `/bytes/N` consists of. */
const block = new Uint8Array(64 * 1024).fill('x'.charCodeAt(0))

/** One item of the dataset; other fields are copied unchanged. */
interface Item {
  readonly price: number
  readonly quantity: number
}

/** The application with routes, for load generators and fault injectors. */
export function application(args: Pick<Arguments, 'directory' | 'dataset'>): Handler {
  let aborted = 0
  const watched = (c: Context): Context => {
    c.signal.addEventListener('abort', () => aborted++, { once: true })
    return c
  }
  const items = args.dataset === undefined ? [] : (JSON.parse(readFileSync(args.dataset, 'utf8')) as Item[])

  const app = router()
    .get('/', (c) => c.text('OK'))
    .post('/', (c) => c.stream(unlimited(c).body))
    .get('/plaintext', (c) => c.text('Hello, World!'))
    .get('/pipeline', (c) => c.text('ok'))
    .get('/baseline11', (c) => c.text(String(sum(c))))
    .post('/baseline11', async (c) => c.text(String(sum(c) + integer(await c.body.text()))))
    .get('/json/:count', (c) => c.json(selection(items, c.params.count, new URLSearchParams(c.search).get('m'))))
    .post('/upload', async (c) => c.text(String(await measure(unlimited(c)))))
    .get('/bytes/:count', (c) => watched(c).stream(bytes(Number(c.params.count) || 0)))
    .get('/delay/:ms', async (c) => {
      await sleep(Number(c.params.ms) || 0, undefined, { signal: watched(c).signal }).catch(() => {})
      return c.text('done')
    })
    .get('/aborted', (c) => c.text(String(aborted)))
    .get('/hang', (c) => {
      watched(c)
      return new Promise(() => {})
    })
    .get('/crash', () => {
      throw new Error('secret-boom')
    })
    .get('/crash-async', () => Promise.reject(new Error('secret-boom')))
    .get('/crash-stream', (c) => c.stream(failing()))
    .get('/trailers', (c) => trailers(c))
    .get('/events', (c) => c.stream(events(), { headers: { 'Content-Type': 'text/event-stream' } }))
  if (args.directory !== undefined) app.get('/static/**:path', staticFiles(args.directory))
  return app
}

/** Uploads may have any length: these routes are not about the body limit. */
function unlimited<C extends Context>(c: C): C {
  c.body.limit = Infinity
  return c
}

function sum(c: Context): number {
  const query = new URLSearchParams(c.search)
  return integer(query.get('a') ?? '0') + integer(query.get('b') ?? '0')
}

function integer(text: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw new HttpError(400, 'Not a whole number')
  return Number(text)
}

function selection(items: readonly Item[], count: string, multiplier: string | null): unknown {
  const m = integer(multiplier ?? '1')
  const chosen = items.slice(0, integer(count)).map((item) => ({ ...item, total: item.price * item.quantity * m }))
  return { items: chosen, count: chosen.length }
}

async function measure(c: Context): Promise<number> {
  let size = 0
  for await (const chunk of c.body) size += chunk.length
  return size
}

// oxlint-disable-next-line require-await -- content is asynchronous; these blocks happen to be there
async function* bytes(total: number): AsyncGenerator<Uint8Array> {
  for (let left = total; left > 0; left -= block.length) yield left >= block.length ? block : block.subarray(0, left)
}

async function* failing(): AsyncGenerator<string> {
  yield 'x'.repeat(1000)
  await sleep(20)
  throw new Error('secret-boom')
}

function trailers(c: Context): ReturnType<Context['stream']> {
  const reply = c.stream('with trailers\n', { headers: { 'Content-Type': 'text/plain', Trailer: 'X-Sum' } })
  reply.trailers = () => ({ 'X-Sum': '14' })
  return reply
}

async function* events(): AsyncGenerator<string> {
  for (let i = 1; i <= 3; i++) {
    yield `id: ${i}\ndata: event ${i}\n\n`
    await sleep(10)
  }
}
