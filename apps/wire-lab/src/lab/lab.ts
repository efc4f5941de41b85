import { type Handler, type Timeouts, createServer } from '@spillway/core'
import type { Snapshot } from '../model/events.ts'
import { freeze } from '../model/state.ts'
import { wireLab } from './app.ts'
import { Feed } from './feed.ts'
import { isLoopback } from './guard.ts'
import { Recorder } from './recorder.ts'
import type { Target } from './tries.ts'

export interface LabOptions {
  /** Default: `127.0.0.1`, this machine only. */
  readonly host?: string
  /** Default: the preferred one, or any free one when that is taken. */
  readonly port?: number
  /** Default: 3000. */
  readonly preferredPort?: number
  /** The folder of the site. */
  readonly root: URL
  /** Whether requests are printed. Default: no. */
  readonly log?: boolean
  readonly timeouts?: Partial<Timeouts>
}

export interface Lab {
  readonly url: string
  readonly port: number
  /** Ends the live streams at once and everything else in order; what is left after the deadline (ms) is cut. */
  close(deadline?: number): Promise<void>
}

/** Shorter than core's, so that one can watch them pass. */
const labTimeouts = { head: 6_000, keepAlive: 20_000 } as const
/** Connections at a time, as the lab remembers each of them. */
const connections = 1000

/** Starts the lab. @throws the system's error when it cannot listen. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const { host = '127.0.0.1', port, preferredPort = 3000, root, log = false, timeouts } = options
  const times = { ...labTimeouts, ...timeouts }
  const server = createServer((c) => handler(c), { timeouts: times, limits: { connections } })
  const recorder = new Recorder(server, (event) => feed.push(event))
  const control = isLoopback(host)
  const feed = new Feed((you): Snapshot => {
    const facts = { url: server.url, keepAliveMs: times.keepAlive, headMs: times.head, control }
    return { now: recorder.now(), epoch: recorder.epoch, you, server: facts, ...freeze(recorder.state) }
  })
  const target = (): Target | undefined => (control ? { host, port: server.port } : undefined)
  const handler: Handler = wireLab({ recorder, feed, root, target, log })

  try {
    await server.listen({ host, port: port ?? preferredPort })
  } catch (error) {
    if (port !== undefined || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') {
      recorder.stop()
      throw error
    }
    await server.listen({ host, port: 0 })
  }
  return {
    url: server.url,
    port: server.port,
    async close(deadline = 2_000) {
      // First: a stream that ends while the server closes takes its connection with it.
      const closed = server.close({ deadline })
      feed.end()
      await closed
      recorder.stop()
    },
  }
}
