// Draws the lanes of connections on the canvas.
import type { CloseEvent, Connection, Exchange, ServerFacts } from '../../src/model/events.ts'
import { reasons } from '../../src/model/reasons.ts'
import { isBeside } from '../../src/model/tracks.ts'
import { columnWidth, columnsOf, isBad, isOpen } from './columns.ts'
import { drawFins, reasonAt } from './lane-ends.ts'
import { drawStreams } from './stream-lanes.ts'
import type { View } from './timeline.ts'

/** Minimum width of a block, because most requests take less time than the width of a pixel. */
const least = 4
/** Exchanges closer than this (px) are drawn as one group. */
const near = 6
/** A block at least this many pixels wide has its text inside. */
const wide = 44
/** Lanes of at least the first height have text, and of at least the second, large text. */
const [readable, large] = [22, 60]

const names = ['line', 'wait', 'head', 'work', 'good', 'bad', 'idle', 'accent', 'text', 'muted', 'surface'] as const

export type Paint = Readonly<Record<(typeof names)[number], string>>

/** Reads the colours from the style sheet. */
export function readPaint(): Paint {
  const style = getComputedStyle(document.documentElement)
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Paint
}

/** Draws the lanes of connections, one after another. */
export class LanePainter {
  readonly #g: CanvasRenderingContext2D
  readonly #view: View
  readonly #lane: number
  readonly #paint: Paint
  readonly #server: ServerFacts
  /** Half the height of a block, and of the line that represents an idle connection. */
  readonly #half: number
  readonly #thin: number
  /** The distance above the middle of text that does not fit into its block. */
  readonly #caption: number

  constructor(g: CanvasRenderingContext2D, view: View, lane: number, paint: Paint, server: ServerFacts) {
    this.#g = g
    this.#view = view
    this.#lane = lane
    this.#paint = paint
    this.#server = server
    // Large lanes are seen from far away.
    const isLarge = lane >= large
    this.#half = Math.min(isLarge ? 15 : 8, Math.max(1.5, lane * 0.38))
    this.#caption = this.#half + (isLarge ? 10 : 2)
    this.#thin = lane < 8 ? 0.5 : 1
    g.font = `${isLarge ? 16 : 11}px system-ui, sans-serif`
    g.textBaseline = 'middle'
  }

  /** Marks the selected lane. */
  shade(y: number): void {
    const g = this.#g
    g.globalAlpha = 0.1
    g.fillStyle = this.#paint.accent
    g.fillRect(0, y - this.#lane / 2, this.#view.width, this.#lane)
    g.globalAlpha = 1
  }

  draw(connection: Connection, y: number): void {
    const { x, now } = this.#view
    const { exchanges, close, error, openedAt } = connection
    if (openedAt > now) return
    const end = Math.min(close?.at ?? now, now)
    this.#drawBase(connection, y, end)
    if (this.#lane >= 10) this.#dot(x(openedAt), y, 2.5, this.#paint.wait)
    if (exchanges.at(-1)?.version === '2.0' && exchanges.some(isBeside)) {
      drawStreams(this.#g, this.#view, this.#lane, y, exchanges, this.#paint, (exchange) => this.#colourOf(exchange))
      drawFins(this.#g, this.#view, connection, y, this.#lane < 14 ? 0 : this.#half + 3, this.#paint)
      if (close && close.at <= now) this.#drawClose(connection, close, x(close.at), y)
      else this.#drawNow(connection, y)
      return
    }
    const groups = groupsOf(exchanges, this.#view)
    let right = x(openedAt)
    for (const [i, group] of groups.entries()) {
      // Blocks have a minimum width, so they may have to be moved apart.
      const left = Math.max(x(group[0]!.headAt), i > 0 ? right + 1 : -Infinity)
      right = group.length > 1 ? this.#drawGroup(group, y) : this.#drawExchange(group[0]!, left, y)
      const limit = x(groups[i + 1]?.[0]!.headAt ?? error?.at ?? end) - 6
      if (right - left > wide && group.length === 1)
        this.#text(captionOf(group), left + 8, y, right - 4, this.#paint.text)
      else this.#text(captionOf(group), right + 6, y - this.#caption, limit, this.#paint.muted, 34)
    }
    if (error && error.at <= now) right = this.#cross(x(error.at), y)
    drawFins(this.#g, this.#view, connection, y, this.#lane < 14 ? 0 : this.#half + 3, this.#paint)
    if (close && close.at <= now) this.#drawClose(connection, close, Math.max(x(close.at), right + 2), y)
    else if (!close || close.at > now) this.#drawNow(connection, y)
  }

  /** Draws the state of a connection between exchanges: waiting, receiving a head, idle, lingering. */
  #drawBase({ exchanges, openedAt, headAt, ending, error }: Connection, y: number, end: number): void {
    const { idle, wait, head, bad } = this.#paint
    const first = exchanges[0]
    // Of a long connection only the latest exchanges are known; if there were earlier ones, it was idle before these.
    const before = first && first.exchange > 1 ? idle : wait
    this.#stretch(openedAt, Math.min(first?.headAt ?? headAt ?? end, end), y, before, this.#thin)
    for (const [i, exchange] of exchanges.entries()) {
      const next = exchanges[i + 1]
      const from = exchange.endedAt ?? end
      const to = next?.headAt ?? (ending || error ? end : (headAt ?? end))
      if (!next && (ending || error)) this.#dashes(from, end, y, error ? bad : wait)
      else this.#stretch(from, Math.min(to, end), y, idle, this.#thin * 1.5)
    }
    if (headAt !== undefined) this.#stretch(headAt, Math.min(error?.at ?? end, end), y, head, this.#half * 0.55)
    if (error && exchanges.length === 0) this.#dashes(error.at, end, y, bad)
  }

  #stretch(from: number, to: number, y: number, colour: string, half: number): void {
    const { x } = this.#view
    if (to <= from) return
    const left = Math.max(-4, x(from))
    this.#g.fillStyle = colour
    this.#g.fillRect(left, y - half, Math.max(1, x(to) - left), half * 2)
  }

  /** Nothing more is expected; the connection is open only so that the response can arrive. */
  #dashes(from: number, to: number, y: number, colour: string): void {
    const { x } = this.#view
    const [left, right] = [Math.max(0, x(from)), x(to)]
    this.#g.fillStyle = colour
    for (let at = left + 2; at < right; at += 6)
      this.#g.fillRect(at, y - this.#thin, Math.min(3, right - at), this.#thin * 2)
  }

  #drawClose(connection: Connection, close: CloseEvent, x: number, y: number): void {
    const g = this.#g
    const colour = reasons[close.reason].calm ? this.#paint.muted : this.#paint.bad
    g.fillStyle = colour
    if (!connection.error) g.fillRect(x - 1, y - this.#half, 2, this.#half * 2)
    if (this.#lane < readable) return
    const { text, from, isBefore } = reasonAt(g, this.#view, connection, close, x)
    if (text === undefined) return
    if (isBefore) {
      // Something may be drawn there already, so the text gets a background.
      g.fillStyle = this.#paint.surface
      g.globalAlpha = 0.85
      g.fillRect(from - 4, y - this.#half, g.measureText(text).width + 6, this.#half * 2)
      g.globalAlpha = 1
    }
    this.#text(text, from, y, this.#view.width, colour)
  }

  /** Draws what the connection is doing now, with a countdown of its remaining time. */
  #drawNow(connection: Connection, y: number): void {
    const { x, now } = this.#view
    const { idleAt, headAt, exchanges, openedAt, ending, error } = connection
    const { keepAliveMs, headMs } = this.#server
    const at = x(now) + 9
    if (this.#lane < 14) return this.#dot(x(now), y, this.#half, this.#colourNow(connection))
    if (ending || error) return this.#dot(x(now), y, 2.5, this.#paint.wait)
    if (headAt !== undefined) {
      const from = exchanges.length === 0 ? openedAt : headAt
      return this.#clock(at, y, 1 - (now - from) / headMs, this.#paint.head)
    }
    if (idleAt !== undefined) return this.#clock(at, y, 1 - (now - idleAt) / keepAliveMs, this.#paint.good)
    if (exchanges.length === 0) return this.#clock(at, y, 1 - (now - openedAt) / headMs, this.#paint.wait)
    this.#dot(x(now), y, 3.5, this.#colourNow(connection))
  }

  #colourNow({ idleAt, headAt, exchanges, error }: Connection): string {
    if (error) return this.#paint.bad
    if (headAt !== undefined) return this.#paint.head
    if (idleAt !== undefined) return this.#paint.idle
    const last = exchanges.at(-1)
    if (!last) return this.#paint.wait
    return last.repliedAt === undefined ? this.#paint.work : this.#paint.good
  }

  /** @param left the remaining fraction of the time. */
  #clock(x: number, y: number, left: number, colour: string): void {
    const g = this.#g
    const radius = this.#lane >= readable ? 6.5 : 4.5
    g.lineWidth = 1.5
    g.strokeStyle = colour
    g.fillStyle = colour
    g.globalAlpha = 0.4
    g.beginPath()
    g.arc(x, y, radius, 0, Math.PI * 2)
    g.stroke()
    g.globalAlpha = 1
    const part = Math.max(0, Math.min(1, left))
    if (part === 0) return
    g.beginPath()
    g.moveTo(x, y)
    g.arc(x, y, radius - 1.8, -Math.PI / 2 + (1 - part) * Math.PI * 2, Math.PI * 1.5)
    g.fill()
  }

  /** Draws short exchanges as what happened in each column: gaps stay gaps, and an error colours only its own column. */
  #drawGroup(group: readonly Exchange[], y: number): number {
    const { x } = this.#view
    const g = this.#g
    let right = -Infinity
    for (const { at, all, bad, open } of columnsOf(group, this.#view)) {
      const left = x(at)
      right = left + columnWidth
      if (right < -8) continue
      const height = this.#half * 2
      const wrong = bad === 0 ? 0 : height * Math.max(0.4, bad / all)
      // The more requests, the stronger the colour.
      g.globalAlpha = Math.min(1, 0.55 + all * 0.15)
      g.fillStyle = open === all ? this.#paint.work : this.#paint.good
      g.fillRect(left, y - this.#half, columnWidth, height - wrong)
      g.globalAlpha = 1
      g.fillStyle = this.#paint.bad
      if (wrong > 0) g.fillRect(left, y + this.#half - wrong, columnWidth, wrong)
    }
    return right
  }

  /** Draws head, handler and response, if they are wide enough to be visible; returns where it ends. */
  #drawExchange(exchange: Exchange, left: number, y: number): number {
    const { x, now } = this.#view
    const { at, headAt, repliedAt, endedAt } = exchange
    const end = Math.min(endedAt ?? now, now)
    const right = Math.max(left + least, x(end))
    const last = repliedAt !== undefined && repliedAt <= now ? this.#colourOf(exchange) : this.#paint.work
    if (right - left <= least) {
      this.#block(left, y, least, last)
      return right
    }
    let from = left
    const part = (until: number, colour: string): void => {
      const to = Math.min(right - (colour === last ? 0 : least), Math.max(from, x(Math.min(until, end))))
      if (to - from < 1.5) return
      this.#block(from, y, to - from, colour)
      from = to
    }
    if (at > headAt) part(at, this.#paint.head)
    if (repliedAt !== undefined) part(repliedAt, this.#paint.work)
    this.#block(from, y, right - from, last)
    return right
  }

  #colourOf(exchange: Exchange): string {
    if (isOpen(exchange)) return this.#paint.work
    return isBad(exchange) ? this.#paint.bad : this.#paint.good
  }

  #block(left: number, y: number, width: number, colour: string): void {
    const g = this.#g
    const from = Math.max(-8, left)
    const rest = width - (from - left)
    if (rest <= 0) return
    g.fillStyle = colour
    // A long block is the background for its text; a solid edge shows where it began.
    if (rest > wide && this.#lane >= readable) g.globalAlpha = 0.32
    if (this.#lane < 10) g.fillRect(from, y - this.#half, rest, this.#half * 2)
    else {
      g.beginPath()
      g.roundRect(from, y - this.#half, rest, this.#half * 2, 2)
      g.fill()
    }
    g.globalAlpha = 1
    if (rest > wide && this.#lane >= readable) g.fillRect(from, y - this.#half, 3, this.#half * 2)
  }

  #dot(x: number, y: number, radius: number, colour: string): void {
    const g = this.#g
    g.fillStyle = colour
    g.beginPath()
    g.arc(x, y, radius, 0, Math.PI * 2)
    g.fill()
  }

  /** Marks an error; returns where the mark ends. */
  #cross(x: number, y: number): number {
    const g = this.#g
    const size = Math.min(4.5, this.#half)
    g.strokeStyle = this.#paint.bad
    g.lineWidth = this.#lane < 14 ? 1.5 : 2.5
    g.lineCap = 'round'
    g.beginPath()
    for (const slope of [-size, size]) {
      g.moveTo(x - size, y - slope)
      g.lineTo(x + size, y + slope)
    }
    g.stroke()
    return x + size
  }

  /** Writes text where it fits. @param lane the minimum height of a lane with this text. */
  #text(text: string, left: number, y: number, limit: number, colour: string, lane: number = readable): void {
    if (this.#lane < lane) return
    const g = this.#g
    const from = Math.max(8, left)
    if (from + g.measureText(text).width > limit) return
    g.textAlign = 'left'
    g.fillStyle = colour
    g.fillText(text, from, y)
  }
}

/** Short exchanges that would overlap are grouped; a long one is always alone. */
function groupsOf(exchanges: readonly Exchange[], { x, now }: View): Exchange[][] {
  const groups: Exchange[][] = []
  let right = -Infinity
  for (const exchange of exchanges) {
    const [from, to] = [x(exchange.headAt), x(exchange.endedAt ?? now)]
    if (to < -20 || exchange.headAt > now) continue
    const long = to - from > near
    if (!long && from - right < near) groups.at(-1)!.push(exchange)
    else groups.push([exchange])
    right = long ? -Infinity : Math.max(to, from + least)
  }
  return groups
}

function captionOf(group: readonly Exchange[]): string {
  const { method, target, status } = group[0]!
  if (group.length > 1) return `${group.length} requests`
  const short = target.length > 28 ? `${target.slice(0, 27)}…` : target
  return status === undefined ? `${method} ${short}` : `${method} ${short} ${status}`
}
