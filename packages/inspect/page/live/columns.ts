// How a lane shows exchanges narrower than a pixel or two: how many there were, without inventing anything.
import type { Exchange } from '../../src/model/events.ts'

/** In pixels. */
export const columnWidth = 2

export function isOpen({ aborted, repliedAt }: Exchange): boolean {
  return repliedAt === undefined && aborted === undefined
}

export function isBad({ status = 0, aborted }: Exchange): boolean {
  return status >= 400 || (aborted !== undefined && aborted !== 'peer')
}

/** A few pixels of a lane, and how many exchanges were under way during that time. */
export interface Column {
  /** Where it begins, on the clock of the events, so that it moves together with what it shows. */
  readonly at: number
  all: number
  bad: number
  /** Exchanges without a response so far. */
  open: number
}

/** What happened in each column; empty ones are left out. */
export function columnsOf(
  group: readonly Exchange[],
  { x, now }: { readonly now: number; readonly x: (at: number) => number },
): Column[] {
  const length = columnWidth / (x(now) - x(now - 1))
  const columns = new Map<number, Column>()
  for (const exchange of group) {
    const last = Math.floor(Math.min(exchange.endedAt ?? now, now) / length)
    for (let i = Math.floor(exchange.headAt / length); i <= last; i++) {
      let column = columns.get(i)
      if (!column) columns.set(i, (column = { at: i * length, all: 0, bad: 0, open: 0 }))
      column.all++
      if (isBad(exchange)) column.bad++
      else if (isOpen(exchange)) column.open++
    }
  }
  return [...columns.values()]
}
