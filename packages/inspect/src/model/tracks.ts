// Exchanges that go on at the same time, side by side.
import type { Exchange } from './events.ts'

type Span = Pick<Exchange, 'headAt' | 'endedAt'>

/** Whether an exchange began while the one in front of it went on, as streams do. */
export function isBeside({ headAt }: Span, i: number, all: readonly Span[]): boolean {
  return i > 0 && headAt < (all[i - 1]!.endedAt ?? Infinity)
}

/** Puts exchanges, in the order in which they began, on as few tracks as there are at a time. */
export function tracksOf<T extends Span>(exchanges: readonly T[]): T[][] {
  const tracks: T[][] = []
  for (const exchange of exchanges) {
    const free = tracks.find((track) => (track.at(-1)!.endedAt ?? Infinity) <= exchange.headAt)
    if (free) free.push(exchange)
    else tracks.push([exchange])
  }
  return tracks
}
