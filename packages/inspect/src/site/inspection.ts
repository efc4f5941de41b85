// One inspection: what is recorded, and the site that shows it.
import { type Context, HttpError, type MaybePromise, Reply, type Server } from '@spillway/core'
import type { Snapshot } from '../model/events.ts'
import { freeze } from '../model/state.ts'
import { Feed } from '../record/feed.ts'
import type { Pace } from '../record/pacer.ts'
import { Recorder } from '../record/recorder.ts'
import type { TapeBounds } from '../record/tapes.ts'
import { Access } from './access.ts'
import { type Asset, readAssets } from './assets.ts'
import { decode } from './decode.ts'
import { toHar } from './har.ts'
import { toPcapng } from './pcapng.ts'
import { send } from './send.ts'

/** The settings of an inspection. */
export interface Parts {
  /** The path of the page, with a slash at its end: `/__spillway/`. */
  readonly base: string
  readonly remote: boolean
  /** Whether everything is recorded from the start, rather than only while somebody looks. */
  readonly always: boolean
  /** Which servers of this process are not inspected. */
  readonly isOwn: (server: Server) => boolean
  readonly keepAliveMs: number
  readonly headMs: number
  readonly version: string
  /** The folder of the page. */
  readonly root: URL
}

/** Most pages that watch at a time, and milliseconds for which recording goes on after the last one has left. */
const [mostViewers, linger] = [16, 60_000]
/** Most bytes of content that a page may send here. */
const mostSent = 1024 * 1024

const bounds: TapeBounds = {
  segment: 64 * 1024,
  segments: 32,
  pieces: 160,
  connection: 256 * 1024,
  all: 32 * 1024 * 1024,
  closed: 240,
}

/** Anything that costs more than this would be noticed by the server's clients. */
const pace: Pace = { events: 250, milliseconds: 100 }

/** What is known about the servers of this process, and the page that shows it. */
export class Inspection {
  readonly #parts: Parts
  readonly #access: Access
  readonly #assets: ReadonlyMap<string, Asset>
  readonly #feed: Feed
  #recorder: Recorder | undefined
  #stopping: ReturnType<typeof setTimeout> | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#access = new Access(parts.remote)
    this.#assets = readAssets(parts.root)
    this.#feed = new Feed((you) => this.#snapshot(you))
    if (parts.always) this.#record()
  }

  /** The link that opens the page. @param origin of the server that serves it. */
  link(origin: string): string {
    return `${origin}${this.#parts.base}?token=${this.#access.token}`
  }

  /** Ends the recording, and the streams of the pages. */
  close(): void {
    clearTimeout(this.#stopping)
    this.#recorder?.stop()
    this.#recorder = undefined
  }

  /** Ends the streams of pages once there is nothing left to see: they would keep a process alive that wants to end. */
  letGo(): void {
    if (this.#recorder?.isOver) this.#feed.end()
  }

  /** Answers requests below the base. */
  handle(c: Context<any, any>, path: string): MaybePromise<Reply> {
    const { base } = this.#parts
    const access = this.#access.of(c)
    if (access === 'nothing') return c.text('Open the link that was printed when the inspector started.\n', 403)
    if (access === 'cookie')
      return c.text('', {
        status: 303,
        headers: {
          Location: base,
          'Set-Cookie': this.#access.cookie(base),
          'Cache-Control': 'no-store',
          'Referrer-Policy': 'no-referrer',
        },
      })
    const [name = '', ...rest] = path.split('/')
    if (name === 'events' && c.method === 'GET') return this.#watch(c)
    if (name === 'api') return this.#api(c, rest)
    const asset = this.#assets.get(name || 'index.html')
    if (!asset || rest.length > 0 || (c.method !== 'GET' && c.method !== 'HEAD')) return c.text('Not Found\n', 404)
    return new Reply(asset.bytes, { headers: asset.headers })
  }

  #api(c: Context<any, any>, [name, id]: readonly string[]): MaybePromise<Reply> {
    const recorder = this.#record()
    if (c.method === 'GET' && name === 'wire') return c.json(recorder.wire(Number(id)), fresh)
    if (c.method === 'GET' && name === 'har')
      return toHar(recorder, this.#parts.version).then((har) => c.json(har, fresh))
    if (c.method === 'GET' && name === 'pcapng')
      return new Reply(toPcapng(recorder), {
        headers: { ...fresh.headers, 'Content-Type': 'application/x-pcapng', 'X-Content-Type-Options': 'nosniff' },
      })
    if (c.method === 'POST' && name === 'decode' && id !== undefined) return this.#decode(c, id)
    if (c.method === 'POST' && name === 'send' && id !== undefined) return this.#send(c, id, recorder)
    return c.text('Not Found\n', 404)
  }

  async #decode(c: Context<any, any>, coding: string): Promise<Reply> {
    const decoded = await decode(coding, await c.body.bytes(mostSent))
    return decoded
      ? new Reply(decoded, {
          headers: { 'Content-Type': 'application/octet-stream', 'X-Content-Type-Options': 'nosniff' },
        })
      : c.empty()
  }

  /** Sends a request again, possibly changed. */
  async #send(c: Context<any, any>, method: string, { latest }: Recorder): Promise<Reply> {
    const bytes = await c.body.bytes(mostSent)
    if (!latest?.url.startsWith('http'))
      throw new HttpError(409, 'No server with an address was seen yet', { expose: true })
    return c.json(await send(latest.url, method, bytes), fresh)
  }

  /** The live feed. */
  #watch(c: Context<any, any>): Reply {
    if (this.#feed.size >= mostViewers) return c.text('Enough pages are watching\n', 503)
    const recorder = this.#record()
    recorder.mark(c.peer, 'viewer')
    const viewer = this.#feed.join(recorder.connectionOf(c.peer))
    const leave = (): void => {
      viewer.end()
      this.#rest()
    }
    c.onAbort(leave)
    c.done(leave)
    // The stream has no end of its own; its page reconnects by itself, to the next server.
    c.onShutdown(leave)
    return c.stream(viewer, { headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' } })
  }

  /** Starts recording, if it has not started yet. */
  #record(): Recorder {
    clearTimeout(this.#stopping)
    if (!this.#recorder) {
      this.#recorder = new Recorder((event) => this.#feed.push(event), {
        bounds,
        pace,
        console: this.#parts.always,
      })
      this.#recorder.watchAll(this.#parts.isOwn, () => this.#feed.renew())
    }
    return this.#recorder
  }

  /** If nobody is looking any more, stops recording, which costs time. */
  #rest(): void {
    if (this.#parts.always || this.#feed.size > 0) return
    clearTimeout(this.#stopping)
    this.#stopping = setTimeout(() => this.close(), linger)
    this.#stopping.unref()
  }

  #snapshot(you: number): Snapshot {
    const recorder = this.#record()
    const { keepAliveMs, headMs } = this.#parts
    const server = { url: recorder.latest?.url ?? '', keepAliveMs, headMs, control: true, tools: true }
    return { now: recorder.now(), epoch: recorder.epoch, you, server, ...freeze(recorder.state) }
  }
}

const fresh = { headers: { 'Cache-Control': 'no-store' } }
