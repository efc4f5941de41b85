// What a file has recorded, as the state that the page shows of a live server.
import type { WireEvent } from './events.ts'
import { type LabState, apply, bounds, emptyState } from './state.ts'
import type { Wire } from './tape.ts'

/** The connections in a file. */
export interface Recording {
  /** Milliseconds since 1970 when its clock begins, and the clock's time at its end. */
  readonly epoch: number
  readonly now: number
  readonly state: LabState
  /** What could not be read, and why, in sentences. */
  readonly notes: readonly string[]
  /** What was said on a connection. */
  wire(connection: number): Wire | undefined
}

/** More than of a live server, as nothing is added. */
const most = { ...bounds, closed: 400, exchanges: 1000 }

/** The state after these events, in whatever order they are. */
export function stateOf(events: readonly WireEvent[]): Pick<Recording, 'state' | 'now'> {
  const state = emptyState()
  const inOrder = events.toSorted((a, b) => a.at - b.at)
  for (const event of inOrder) apply(state, event, most)
  return { state, now: inOrder.at(-1)?.at ?? 0 }
}

/** Connections of which only the beginning can be told, as the page shows no more. */
export function leftOut({ totals, closed }: LabState): string[] {
  const missing = totals.accepted - closed.length
  return missing > 0 ? [`Only the last ${closed.length} connections are shown; ${missing} came before them.`] : []
}
