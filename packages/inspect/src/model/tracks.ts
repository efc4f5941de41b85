// Concurrent exchanges, side by side.
import type { Exchange } from './events.ts'

type Span = Pick<Exchange, 'headAt' | 'endedAt'>

/** Whether an exchange began before the previous one was over, as streams do. */
export function isBeside({ headAt }: Span, i: number, all: readonly Span[]): boolean {
  return i > 0 && headAt < (all[i - 1]!.endedAt ?? Infinity)
}

/** Distributes exchanges, in the order in which they began, over as few tracks as possible. */
export function tracksOf<T extends Span>(exchanges: readonly T[]): T[][] {
  const tracks: T[][] = []
  for (const exchange of exchanges) {
    const free = tracks.find((track) => (track.at(-1)!.endedAt ?? Infinity) <= exchange.headAt)
    if (free) free.push(exchange)
    else tracks.push([exchange])
  }
  return tracks
}
