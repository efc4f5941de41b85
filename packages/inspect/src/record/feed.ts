// The stream of events from the server to the pages that watch.
import type { WireEvent } from '../model/events.ts'

/** Milliseconds for which events are collected, so that a busy server writes to its viewers less often. */
const gather = 40
/** Most events that are sent individually within that time; more become a snapshot, which is shorter. */
const gathered = 400
/** Most messages that wait for a slow viewer; beyond that it gets a snapshot instead. */
const waiting = 16
/** Milliseconds after which a viewer that was disconnected reconnects. */
const comeBack = 500
/** A comment is sent after this many milliseconds of silence, or a dead viewer would never be noticed. */
const heartbeat = 15_000

/** Sends events to any number of viewers as server-sent events, in bounded memory whatever they do. */
export class Feed {
  readonly #snapshot: (viewer: number) => unknown
  readonly #viewers: Set<Viewer> = new Set()
  #batch: WireEvent[] = []
  #missed = false
  #timer: ReturnType<typeof setTimeout> | undefined

  /** @param snapshot returns the current state, as the viewer on a connection sees it. */
  constructor(snapshot: (viewer: number) => unknown) {
    this.#snapshot = snapshot
  }

  get size(): number {
    return this.#viewers.size
  }

  push(event: WireEvent): void {
    if (this.#viewers.size === 0) return
    if (this.#batch.length < gathered) this.#batch.push(event)
    else this.#missed = true
    this.#timer ??= setTimeout(() => this.flush(), gather)
  }

  /** Something in the snapshots other than the state has changed: all viewers get a new one. */
  renew(): void {
    this.#missed = true
    this.#timer ??= setTimeout(() => this.flush(), gather)
  }

  /** Sends what has been collected. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#batch
    const missed = this.#missed
    if (batch.length === 0 && !missed) return
    this.#batch = []
    this.#missed = false
    // Encoded once, however many watch.
    const text = missed ? undefined : message('events', batch)
    for (const viewer of this.#viewers) viewer.send(text)
  }

  /** Ends all streams; their pages reconnect by themselves. */
  end(): void {
    for (const viewer of this.#viewers) viewer.end()
  }

  /** A stream for one more viewer: a snapshot first, then events. */
  join(connection: number): Viewer {
    const snapshot = () => {
      // What has been collected is in the snapshot: it is sent to the others now, and not to this viewer.
      this.flush()
      return `retry: ${comeBack}\n${message('snapshot', this.#snapshot(connection))}`
    }
    const viewer = new Viewer(snapshot, () => this.#viewers.delete(viewer))
    this.#viewers.add(viewer)
    return viewer
  }
}

/** One stream of events. What a slow viewer cannot take is replaced by a snapshot, so it is late but never wrong. */
export class Viewer implements AsyncIterableIterator<string> {
  readonly #snapshot: () => string
  readonly #leave: () => void
  #queue: string[] = []
  #behind = true
  #ended = false
  #wake: (() => void) | undefined

  constructor(snapshot: () => string, leave: () => void) {
    this.#snapshot = snapshot
    this.#leave = leave
  }

  /** @param text undefined: too much has happened to report it individually. */
  send(text: string | undefined): void {
    if (this.#behind || this.#ended) return
    if (text === undefined || this.#queue.length === waiting) {
      this.#queue = []
      this.#behind = true
    } else this.#queue.push(text)
    this.#wake?.()
  }

  /** No more events come; what is waiting is not sent. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#queue = []
    this.#leave()
    this.#wake?.()
  }

  async next(): Promise<IteratorResult<string, undefined>> {
    if (!this.#ended && !this.#behind && this.#queue.length === 0) await this.#news()
    if (this.#ended) return { done: true, value: undefined }
    if (this.#behind) {
      const value = this.#snapshot()
      this.#behind = false
      return { done: false, value }
    }
    return { done: false, value: this.#queue.shift() ?? ': still here\n\n' }
  }

  return(): Promise<IteratorResult<string, undefined>> {
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Waits for something to send, for the end, or until it is time for a comment. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), heartbeat)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve()
      }
    })
  }
}

function message(event: string, data: unknown): string {
  // JSON contains no line breaks, so one data line is enough.
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
