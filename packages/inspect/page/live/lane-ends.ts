// How a lane ends: which side was the first to send a FIN, and why the connection was closed.
import type { CloseEvent, Connection } from '../../src/model/events.ts'
import { reasons } from '../../src/model/reasons.ts'
import type { Paint } from './lane-painter.ts'
import type { View } from './timeline.ts'

/** Marks where each side sent its FIN: the client below the line, the server above it. @param reach from the middle. */
export function drawFins(
  g: CanvasRenderingContext2D,
  { x, now }: View,
  { fin }: Connection,
  y: number,
  reach: number,
  paint: Paint,
): void {
  for (const [at, side] of [
    [fin?.client, 1],
    [fin?.server, -1],
  ] as const) {
    if (at === undefined || at > now || reach === 0) continue
    const left = x(at)
    const [tip, base] = [y + side * (reach - 4), y + side * reach]
    g.fillStyle = paint.text
    g.fillRect(left - 0.5, Math.min(y, base), 1, reach)
    g.beginPath()
    g.moveTo(left - 3.5, base)
    g.lineTo(left + 3.5, base)
    g.lineTo(left, tip)
    g.fill()
  }
}

/** The reason for an end, and where there is space for it. */
export interface PlacedReason {
  /** Undefined where there is no space. */
  readonly text: string | undefined
  readonly from: number
  /** Whether the text is before the end, not after it. */
  readonly isBefore: boolean
}

/** As much of the reason as fits: after the end, or before everything drawn, or else just before the end. */
export function reasonAt(
  g: CanvasRenderingContext2D,
  view: View,
  { error, openedAt }: Connection,
  { reason }: CloseEvent,
  x: number,
): PlacedReason {
  const { short, sentence } = reasons[reason]
  const about = error ? `${error.code} at byte ${error.offset}` : ''
  const brief = error ? `${short}: ${about}` : short
  const texts = [error ? `${sentence} ${about}.` : sentence, brief, short]
  const widthOf = (text: string): number => g.measureText(text).width
  const fitting = (room: number): string | undefined => texts.find((text) => widthOf(text) <= room)
  const behind = fitting(view.width - x - 7)
  if (behind !== undefined) return { text: behind, from: x + 7, isBefore: false }
  const left = Math.min(view.x(openedAt), x) - 12
  const before = fitting(left - 8)
  if (before !== undefined) return { text: before, from: left - widthOf(before), isBefore: true }
  const from = x - 8 - widthOf(brief)
  return { text: from < 8 ? undefined : brief, from, isBefore: true }
}
