// Handlers that are interesting to watch.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context, Handler, Reply } from '@spillway/core'
import { websocket } from '@spillway/middleware/websocket'
import type { Recorder } from '@spillway/inspect/parts'

/** Longest time in milliseconds that a handler of the lab may be asked to take. */
const mostSlow = 3_000
/** Milliseconds after which even the hanging handler answers. */
const mostStuck = 20_000
/** Pieces of the dripping response, and milliseconds between two of them. */
const [pieces, pieceEvery] = [12, 250]

const fresh = { headers: { 'Cache-Control': 'no-store' } }

/** What the crashing handlers throw: expected, so it is not printed on the terminal. */
export class Crash extends Error {
  override readonly name: string = 'Crash'
}

/** Handlers with something to see in the inspector. */
export function things(recorder: Recorder): Readonly<Record<string, Handler>> {
  return {
    time: (c) => c.json({ time: new Date().toISOString(), connection: recorder.connectionOf(c.peer) }, fresh),
    slow: async (c) => {
      const asked = Number(new URLSearchParams(c.search).get('ms') ?? 500)
      const ms = Math.min(mostSlow, Math.max(0, asked) || 0)
      await sleep(ms)
      return c.text(`That took ${ms} ms\n`, fresh)
    },
    drip: (c) => {
      const content = async function* (): AsyncGenerator<string> {
        for (let i = 1; i <= pieces && !c.signal.aborted; i++) {
          yield `piece ${i} of ${pieces}\n`
          await sleep(pieceEvery)
        }
      }
      return c.stream(content(), { headers: { 'Content-Type': 'text/plain', 'Cache-Control': 'no-store' } })
    },
    stuck: (c) =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(c.text('It did not hang for ever\n', fresh)), mostStuck)
        c.done(() => clearTimeout(timer))
      }),
    crash: () => {
      throw new Crash('The handler was told to fail')
    },
    'crash-late': (c) => c.stream(halfOf(), { headers: { 'Content-Type': 'text/plain' } }),
    ws: websocket(() => ({
      message: (socket, data) => socket.send(data),
    })),
  }
}

async function* halfOf(): AsyncGenerator<string> {
  yield 'This is only the first half, and then the ha'
  await sleep(100)
  throw new Crash('The handler was told to fail in the middle')
}

/** Reads an upload as it arrives and reports its size. */
export async function upload(c: Context): Promise<Reply> {
  let bytes = 0
  let reads = 0
  for await (const chunk of c.body) {
    bytes += chunk.length
    reads++
  }
  const trailers = c.body.trailers?.map(([name, value]) => `${name}: ${value}`).join(', ')
  return c.text(`${bytes} bytes in ${reads} reads${trailers ? `, and the trailer ${trailers}` : ''}\n`, fresh)
}
