// The stream of the server's events, as the page receives it.
import type { Snapshot, WireEvent } from '../../src/model/events.ts'

export interface Followed {
  snapshot(snapshot: Snapshot): void
  events(events: readonly WireEvent[]): void
  /** Whether events are arriving at the moment. */
  live(live: boolean): void
}

/** Milliseconds until another attempt, after the browser has given up. */
const retry = 1500

/** Follows the server's events, across restarts of the server, until `ended` is aborted. */
export function follow(to: Followed, ended: AbortSignal): void {
  if (ended.aborted) return
  const source = new EventSource('events')
  ended.addEventListener('abort', () => source.close())
  source.addEventListener('snapshot', (message: MessageEvent<string>) => {
    to.live(true)
    to.snapshot(JSON.parse(message.data) as Snapshot)
  })
  source.addEventListener('events', (message: MessageEvent<string>) =>
    to.events(JSON.parse(message.data) as WireEvent[]),
  )
  source.addEventListener('error', () => {
    to.live(false)
    // A browser gives up when a stream is refused; here it only means that the server is full or starting.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => follow(to, ended), retry)
  })
}
