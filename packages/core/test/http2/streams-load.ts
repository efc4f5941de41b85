import { once } from 'node:events'
import { connect } from 'node:net'
import { Http2Client, type StreamFailure } from '../../src/http2.ts'
import { NodeTransport } from '../../src/index.ts'
import { until } from '../support.ts'

/** Clients of HTTP/2, each with many requests under way, until they are stopped. */
export interface StreamsLoad {
  readonly answered: number
  readonly failures: readonly string[]
  /** So far. */
  readonly connections: number
  /** Resolves when this many more have been answered. */
  more(count: number): Promise<void>
  stop(): Promise<void>
}

/** One request. Resolves with its status, or with why there is none. */
function ask(client: Http2Client, authority: string): Promise<number | StreamFailure> {
  const fields = [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/load'],
    [':authority', authority],
  ] as const
  return new Promise((resolve) => {
    let status = 0
    const stream = client.request(fields, true, {
      onHead: (head, ended) => {
        ;({ status } = head)
        if (ended) resolve(status)
      },
      onData: (chunk) => stream.release(chunk.length),
      onEnd: () => resolve(status),
      onFail: resolve,
      onDrain: () => {},
    })
  })
}

/**
 * Starts them. A connection that the server ends is replaced, and what the server has not begun is asked again, as every client may
 * (RFC 9113 §8.7); anything else that is not answered is a failure.
 */
export function startStreams(url: URL, clients: number, streams: number): StreamsLoad {
  const failures: string[] = []
  const state = { running: true }
  let answered = 0
  let connections = 0
  const dial = async (): Promise<Http2Client> => {
    connections++
    const socket = connect(Number(url.port), url.hostname)
    await once(socket, 'connect')
    return new Http2Client(new NodeTransport(socket), { onChange: () => {}, onClose: () => {} })
  }
  const one = async (): Promise<void> => {
    let dialed = dial()
    let client = await dialed
    const stream = async (): Promise<void> => {
      while (state.running) {
        const mine = client
        if (mine.isLeaving) {
          // Whoever is the first to see it replaces it for all.
          const before = dialed
          await before
          if (before === dialed) dialed = dial()
          client = await dialed
          continue
        }
        const answer = await ask(mine, url.host)
        if (answer === 200) answered++
        else if (typeof answer === 'number') failures.push(`status ${answer}`)
        else if (!answer.isUntouched) failures.push(answer.message)
      }
    }
    await Promise.all(Array.from({ length: streams }, stream))
    client.close()
  }
  const all = Array.from({ length: clients }, one)
  // What becomes of them is asked for in the end.
  for (const each of all) each.catch(() => {})
  return {
    get answered() {
      return answered
    },
    get connections() {
      return connections
    },
    failures,
    more: (count) => {
      const goal = answered + count
      return until(() => answered >= goal)
    },
    stop: async () => {
      state.running = false
      await Promise.all(all)
    },
  }
}
