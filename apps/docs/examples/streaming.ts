import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { type Router, router } from '@spillway/middleware/router'

export const log: string[] = []

/** The steps of a long task, one JSON value per line. */
async function* steps(of: number, signal: AbortSignal): AsyncGenerator<string> {
  try {
    for (let done = 1; done <= of; done++) {
      await wait(20, undefined, { signal }) // stops at once when the client has gone
      yield `${JSON.stringify({ done, of })}\n`
    }
    log.push('done')
  } finally {
    log.push('tidied up') // even then
  }
}

/** Turns its input into capitals: the first words are sent while the last are still arriving. */
async function* louder(text: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const bytes of text) yield decoder.decode(bytes, { stream: true }).toUpperCase()
}

const lines = { 'Content-Type': 'application/x-ndjson', 'X-Accel-Buffering': 'no' } // otherwise nginx buffers it

export const app: Router = router()
  .get('/steps/:count', (c) => c.stream(steps(Number(c.params.count), c.signal), { headers: lines }))
  // Streams another server's response as it arrives. The request to it is aborted when the client has gone.
  .get('/from/:port', async (c) => {
    const other = await fetch(`http://127.0.0.1:${c.params.port}/steps/3`, { signal: c.signal })
    return c.stream(other.body, { status: other.status, headers: lines })
  })
  // Content larger than memory, line by line.
  .post('/import', async (c) => {
    c.body.limit = 10e9
    let count = 0
    for await (const line of createInterface({ input: Readable.from(c.body), crlfDelay: Infinity }))
      if (line !== '') count++
    return c.json({ count })
  })
  .post('/louder', (c) => c.stream(louder(c.body)))
