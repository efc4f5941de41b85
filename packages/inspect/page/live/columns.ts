// What a lane shows where its exchanges are shorter than a pixel or two: how many there were, and nothing that was not.
import type { Exchange } from '../../src/model/events.ts'

/** Pixels. */
export const columnWidth = 2

export function isOpen({ aborted, repliedAt }: Exchange): boolean {
  return repliedAt === undefined && aborted === undefined
}

export function isBad({ status = 0, aborted }: Exchange): boolean {
  return status >= 400 || (aborted !== undefined && aborted !== 'peer')
}

/** A few pixels of a lane, and how many exchanges have been under way in their time. */
export interface Column {
  /** Where it begins, on the clock of the events: it moves on with what it shows. */
  readonly at: number
  all: number
  bad: number
  /** Not answered yet. */
  open: number
}

/** What there was in each column; those without anything are left out. */
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
