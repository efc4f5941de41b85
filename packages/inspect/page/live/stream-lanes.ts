// HTTP/2 exchanges run side by side: lanes within the lane of their connection.
import type { Exchange } from '../../src/model/events.ts'
import { tracksOf } from '../../src/model/tracks.ts'
import type { Paint } from './lane-painter.ts'
import type { View } from './timeline.ts'

/** The part of a lane that its streams fill, and how many tracks fit into it before they get thinner. */
const [filled, roomy] = [0.8, 4]

/** Draws the exchanges of the connection at `y`. */
export function drawStreams(
  g: CanvasRenderingContext2D,
  { x, now }: View,
  lane: number,
  y: number,
  exchanges: readonly Exchange[],
  paint: Paint,
  colourOf: (exchange: Exchange) => string,
): void {
  const tracks = tracksOf(exchanges.filter(({ headAt }) => headAt <= now))
  const height = (lane * filled) / Math.max(roomy, tracks.length)
  const first = y - (height * tracks.length) / 2
  const block = (from: number, to: number, top: number, colour: string): void => {
    const [left, right] = [Math.max(-8, x(from)), x(to)]
    if (right < left) return
    g.fillStyle = colour
    g.fillRect(left, top, Math.max(1.5, right - left), Math.max(0.5, height - 1))
  }
  for (const [i, track] of tracks.entries())
    for (const exchange of track) {
      const { headAt, at, repliedAt = Infinity, endedAt = Infinity } = exchange
      const end = Math.min(endedAt, now)
      const top = first + i * height
      block(headAt, Math.min(at, end), top, paint.head)
      block(at, Math.min(repliedAt, end), top, paint.work)
      if (repliedAt <= end) block(repliedAt, end, top, colourOf(exchange))
    }
}
