// The content of a recorded file, in the form of the state that the page shows of a live server.
import type { WireEvent } from './events.ts'
import { type LabState, apply, bounds, emptyState } from './state.ts'
import type { Wire } from './tape.ts'

/** The connections in a file. */
export interface Recording {
  /** The start of its clock in milliseconds since 1970; `now` is the clock's time at its end. */
  readonly epoch: number
  readonly now: number
  readonly state: LabState
  /** What could not be read, and why, in sentences. */
  readonly notes: readonly string[]
  /** The bytes of a connection. */
  wire(connection: number): Wire | undefined
}

/** Higher limits than for a live server, as nothing is added later. */
const most = { ...bounds, closed: 400, exchanges: 1000 }

/** The state after these events, which may be in any order. */
export function stateOf(events: readonly WireEvent[]): Pick<Recording, 'state' | 'now'> {
  const state = emptyState()
  const inOrder = events.toSorted((a, b) => a.at - b.at)
  for (const event of inOrder) apply(state, event, most)
  return { state, now: inOrder.at(-1)?.at ?? 0 }
}

/** A note about connections that are left out because the page shows no more. */
export function leftOut({ totals, closed }: LabState): string[] {
  const missing = totals.accepted - closed.length
  return missing > 0 ? [`Only the last ${closed.length} connections are shown; ${missing} came before them.`] : []
}
