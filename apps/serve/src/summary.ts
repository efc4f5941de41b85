// What a server has done, for the summary at the end.
import { channels } from '@spillway/core'
import type { Style } from '@spillway/command-line'

/** What a server has done. */
export interface Totals {
  requests: number
  bytes: number
  /** Replies with an error status. */
  failed: number
  /** Replies that were not sent completely. */
  aborted: number
  connections: number
}

export function noTotals(): Totals {
  return { requests: 0, bytes: 0, failed: 0, aborted: 0, connections: 0 }
}

/** Counts what every server of this process does from now on. */
export function countTotals(): Totals {
  const totals = noTotals()
  channels.open.subscribe(() => (totals.connections += 1))
  channels.end.subscribe(({ outcome }) => {
    totals.requests += 1
    totals.bytes += outcome.bytes
    if (outcome.kind === 'aborted') totals.aborted += 1
    else if (outcome.status >= 400) totals.failed += 1
  })
  return totals
}

export function addTotals(sum: Totals, more: Totals): void {
  for (const key of Object.keys(sum) as (keyof Totals)[]) sum[key] += more[key]
}

/** One line about it, printed at the end. */
export function summary(totals: Totals, ms: number, style: Style): string {
  const { requests, bytes, failed, aborted, connections } = totals
  const parts = [plural(requests, 'request'), `${size(bytes)} sent`, plural(connections, 'connection')]
  if (failed > 0) parts.push(style('yellow', `${failed} with an error`))
  if (aborted > 0) parts.push(style('red', `${aborted} broken off`))
  return `\n${style('bold', 'spillway')} served ${parts.join(', ')} in ${duration(ms)}\n`
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB']

/** Decimal units: 1,500 is `1.5 kB`. */
function size(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]!}`
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}
