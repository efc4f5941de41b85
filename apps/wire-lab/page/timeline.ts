import type { Connection, Exchange } from '../src/model/events.ts'
import { reasons } from '../src/model/reasons.ts'
import { byId } from './dom.ts'

/** Height of a lane; `style.css` gives its label the same. */
export const laneHeight = 36
/** Room on the right of now, for the marks of what happens at this moment. */
const margin = 18
const axisHeight = 22
/** Half the height of a block, and its least width: most requests take less time than a pixel is wide. */
const half = 7
const least = 5
/** Exchanges closer than this (px) are drawn as one group. */
const near = 6

type Paint = Readonly<Record<'line' | 'wait' | 'work' | 'good' | 'bad' | 'idle' | 'live' | 'text' | 'muted' | 'surface', string>>

/** What a lane is drawn with: where a time is, and until when it goes. */
interface View {
  readonly x: (at: number) => number
  readonly now: number
  readonly width: number
}

/** Draws connections as lanes over time, all of them in one canvas. */
export class Timeline {
  readonly #canvas = byId<HTMLCanvasElement>('timeline')
  readonly #axis = byId<HTMLCanvasElement>('axis')
  #paint: Paint = readPaint()

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (this.#paint = readPaint()))
  }

  /** @param span milliseconds from the left edge to now. */
  draw(lanes: readonly Connection[], now: number, span: number, you: number, selected: number): void {
    const g = fit(this.#canvas, lanes.length * laneHeight)
    const width = this.#canvas.clientWidth
    if (!g || width === 0) return
    const view: View = { x: (at) => width - margin - ((now - at) / span) * (width - margin), now, width }
    this.#drawAxis(view, span)
    this.#drawGrid(g, view, span, lanes.length * laneHeight)
    g.font = '11px system-ui, sans-serif'
    g.textBaseline = 'middle'
    for (const [i, connection] of lanes.entries()) {
      const y = i * laneHeight + laneHeight / 2
      if (connection.id === selected) {
        g.globalAlpha = 0.07
        g.fillStyle = this.#paint.live
        g.fillRect(0, y - laneHeight / 2, width, laneHeight)
        g.globalAlpha = 1
      }
      this.#drawLane(g, connection, y, view, connection.id === you ? this.#paint.live : this.#paint.good)
    }
  }

  #drawAxis({ x, now }: View, span: number): void {
    const g = fit(this.#axis, axisHeight)
    if (!g) return
    g.font = '11px system-ui, sans-serif'
    g.fillStyle = this.#paint.muted
    for (const ago of ticks(span)) {
      g.textAlign = ago === 0 ? 'right' : 'center'
      g.fillText(ago === 0 ? 'now' : `−${ago / 1000} s`, ago === 0 ? x(now) + margin / 2 : x(now - ago), 14)
    }
  }

  #drawGrid(g: CanvasRenderingContext2D, { x, now }: View, span: number, height: number): void {
    g.fillStyle = this.#paint.line
    for (const ago of ticks(span)) g.fillRect(Math.round(x(now - ago)), 0, 1, height)
  }

  #drawLane(g: CanvasRenderingContext2D, connection: Connection, y: number, view: View, good: string): void {
    const { x, now } = view
    const { exchanges, close, error, openedAt } = connection
    const end = Math.min(close?.at ?? now, now)
    this.#drawWaiting(g, connection, y, view, end)
    this.#dot(g, x(openedAt), y, 3, this.#paint.wait)
    const groups = groupsOf(exchanges, view)
    for (const [i, group] of groups.entries()) {
      const right = this.#drawGroup(g, group, y, view, good)
      const next = groups[i + 1]
      const limit = next ? x(next[0]!.at) : error ? x(error.at) : x(end) - 6
      this.#label(g, captionOf(group), right + 6, y - 8, limit, this.#paint.muted)
    }
    if (error && error.at <= now) this.#cross(g, x(error.at), y)
    if (close && close.at <= now) {
      const { calm, short } = reasons[close.reason]
      const colour = calm ? this.#paint.muted : this.#paint.bad
      g.fillStyle = colour
      g.fillRect(x(close.at) - 1, y - half, 2, half * 2)
      this.#label(g, short, x(close.at) + 7, y, view.width, colour)
    } else this.#dot(g, x(now), y, 3.5, connection.idleAt === undefined ? good : this.#paint.idle)
  }

  /** The line of a lane: before the first request, between two, and after the last. */
  #drawWaiting(g: CanvasRenderingContext2D, connection: Connection, y: number, { x }: View, end: number): void {
    const { exchanges, openedAt } = connection
    const stretch = (from: number, to: number, colour: string) => {
      g.fillStyle = colour
      if (to > from) g.fillRect(x(from), y - 1, x(to) - x(from), 2)
    }
    // Of a long life only the latest exchanges are known; before them the connection was in use.
    const first = exchanges[0]
    stretch(openedAt, Math.min(first?.at ?? end, end), first && first.exchange > 1 ? this.#paint.idle : this.#paint.wait)
    for (const [i, exchange] of exchanges.entries()) {
      const next = exchanges[i + 1]
      const last = connection.ending ? this.#paint.line : this.#paint.idle
      stretch(exchange.endedAt ?? end, Math.min(next?.at ?? end, end), next ? this.#paint.idle : last)
    }
  }

  /** Draws exchanges side by side, or as one block with their number; returns where it ends. */
  #drawGroup(g: CanvasRenderingContext2D, group: readonly Exchange[], y: number, view: View, good: string): number {
    let left = view.x(group[0]!.at)
    if (group.length === 1) return this.#drawExchange(g, group[0]!, y, view, good)
    const shown = group.length > 6 ? [group.find(({ status = 0 }) => status >= 400) ?? group[0]!] : group
    for (const one of shown) {
      this.#block(g, left, y, shown.length === 1 ? least * 2 : least, this.#colourOf(one, good))
      left += (shown.length === 1 ? least * 2 : least) + 1
    }
    return left - 1
  }

  #drawExchange(g: CanvasRenderingContext2D, exchange: Exchange, y: number, { x, now }: View, good: string): number {
    const left = x(exchange.at)
    const right = Math.max(left + least, x(Math.min(exchange.endedAt ?? now, now)))
    const replied = Math.min(x(exchange.repliedAt ?? now), right)
    const colour = this.#colourOf(exchange, good)
    if (right - left <= least) this.#block(g, left, y, least, colour)
    else {
      this.#block(g, left, y, Math.max(2, replied - left), this.#paint.work)
      if (exchange.repliedAt !== undefined) this.#block(g, Math.min(replied, right - least), y, Math.max(least, right - replied), colour)
    }
    return right
  }

  #colourOf({ status = 0, aborted, repliedAt }: Exchange, good: string): string {
    if (repliedAt === undefined && aborted === undefined) return this.#paint.work
    return status >= 400 || (aborted !== undefined && aborted !== 'peer') ? this.#paint.bad : good
  }

  #block(g: CanvasRenderingContext2D, left: number, y: number, width: number, colour: string): void {
    g.fillStyle = colour
    g.beginPath()
    g.roundRect(Math.max(-8, left), y - half, width + Math.min(0, left + 8), half * 2, 2.5)
    g.fill()
  }

  #dot(g: CanvasRenderingContext2D, x: number, y: number, radius: number, colour: string): void {
    g.fillStyle = colour
    g.beginPath()
    g.arc(x, y, radius, 0, Math.PI * 2)
    g.fill()
  }

  #cross(g: CanvasRenderingContext2D, x: number, y: number): void {
    g.strokeStyle = this.#paint.bad
    g.lineWidth = 2.5
    g.beginPath()
    g.moveTo(x - 5, y - 5)
    g.lineTo(x + 5, y + 5)
    g.moveTo(x + 5, y - 5)
    g.lineTo(x - 5, y + 5)
    g.stroke()
  }

  /** Text, where there is room for it. */
  #label(g: CanvasRenderingContext2D, text: string, left: number, y: number, limit: number, colour: string): void {
    const from = Math.max(6, left)
    if (from + g.measureText(text).width > limit) return
    g.textAlign = 'left'
    g.fillStyle = colour
    g.fillText(text, from, y)
  }
}

/** Exchanges that would lie on top of each other, together. */
function groupsOf(exchanges: readonly Exchange[], { x, now }: View): Exchange[][] {
  const groups: Exchange[][] = []
  let right = -Infinity
  for (const exchange of exchanges) {
    const end = x(exchange.endedAt ?? now)
    if (end < -margin || exchange.at > now) continue
    if (x(exchange.at) - right < near) groups.at(-1)!.push(exchange)
    else groups.push([exchange])
    right = Math.max(end, x(exchange.at) + least)
  }
  return groups
}

function captionOf(group: readonly Exchange[]): string {
  const { method, target, status } = group[0]!
  if (group.length > 1) return `${group.length} requests`
  const short = target.length > 28 ? `${target.slice(0, 27)}…` : target
  return status === undefined ? `${method} ${short}` : `${method} ${short} ${status}`
}

/** Where the grid has its lines, in milliseconds ago. */
function ticks(span: number): number[] {
  const step = span / (innerWidth < 700 ? 3 : 6)
  return Array.from({ length: Math.round(span / step) }, (_, i) => i * step)
}

/** Brings a canvas to the size it has on the page, in real pixels, and clears it. */
function fit(canvas: HTMLCanvasElement, height: number): CanvasRenderingContext2D | null {
  const scale = devicePixelRatio
  const [w, h] = [Math.round(canvas.clientWidth * scale), Math.round(height * scale)]
  if (canvas.height !== h) canvas.style.height = `${height}px`
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h })
  const g = canvas.getContext('2d')
  g?.setTransform(scale, 0, 0, scale, 0, 0)
  g?.clearRect(0, 0, canvas.clientWidth, height)
  return g
}

/** The colours are those of the style sheet. */
function readPaint(): Paint {
  const style = getComputedStyle(document.documentElement)
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    line: of('line'),
    wait: of('wait'),
    work: of('work'),
    good: of('good'),
    bad: of('bad'),
    idle: of('idle'),
    live: of('live'),
    text: of('text'),
    muted: of('muted'),
    surface: of('surface'),
  }
}
