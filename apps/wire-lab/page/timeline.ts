import type { CloseEvent, Connection, Exchange } from '../src/model/events.ts'
import { reasons } from '../src/model/reasons.ts'
import { byId } from './dom.ts'

/** Height of a lane; `style.css` gives its label the same. */
const laneHeight = 44
/** Room on the right of now, for the marks of what happens at this moment. */
const margin = 18
const axisHeight = 26
/** Half the height of a block, and its least width: most requests take less time than a pixel is wide. */
const half = 8
const least = 5
/** Exchanges closer than this (px) are drawn as one group. */
const near = 6
/** A block with so many pixels has its text inside. */
const wide = 40

type Paint = Readonly<
  Record<'line' | 'wait' | 'work' | 'good' | 'bad' | 'idle' | 'live' | 'text' | 'muted' | 'surface', string>
>

/** What a lane is drawn with: where a time is, and until when it goes. */
interface View {
  readonly x: (at: number) => number
  readonly now: number
  readonly width: number
}

/** Draws connections as lanes over time, all of them in one canvas. */
export class Timeline {
  readonly #canvas = byId('timeline') as HTMLCanvasElement
  readonly #axis = byId('axis') as HTMLCanvasElement
  readonly #scroll = this.#canvas.parentElement!
  #paint: Paint = readPaint()

  constructor() {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (this.#paint = readPaint()))
  }

  /** @param span milliseconds from the left edge to now. */
  draw(lanes: readonly Connection[], now: number, span: number, you: number, selected: number): void {
    // The canvas is as high as what can be seen of the list, and stays in sight while that scrolls.
    const { scrollTop, clientHeight } = this.#scroll
    const height = Math.min(lanes.length * laneHeight, clientHeight || Infinity)
    const g = fit(this.#canvas, height)
    const width = this.#canvas.clientWidth
    if (!g || width === 0) return
    const view: View = { x: (at) => width - margin - ((now - at) / span) * (width - margin), now, width }
    this.#drawAxis(view, span)
    this.#drawGrid(g, view, span, height)
    g.font = '11px system-ui, sans-serif'
    g.textBaseline = 'middle'
    for (const [i, connection] of lanes.entries()) {
      const y = (i + 0.5) * laneHeight - scrollTop
      if (y < -laneHeight || y > height + laneHeight) continue
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
    let right = x(openedAt)
    for (const [i, group] of groups.entries()) {
      // Blocks have a least width, so they may have to make room for each other.
      const left = i > 0 ? Math.max(x(group[0]!.at), right + 1) : x(group[0]!.at)
      right =
        group.length > 1
          ? this.#drawGroup(g, group, left, y, view, good)
          : this.#drawExchange(g, group[0]!, left, y, view, good)
      const limit = x(groups[i + 1]?.[0]!.at ?? error?.at ?? end) - 6
      if (right - left > wide) this.#text(g, captionOf(group), left + 8, y, right - 4, this.#paint.text)
      else this.#text(g, captionOf(group), right + 6, y - 9, limit, this.#paint.muted)
    }
    if (error && error.at <= now) right = this.#cross(g, x(error.at), y)
    if (close && close.at <= now)
      this.#drawClose(g, close, Math.max(x(close.at), right + 2), y, view, error === undefined)
    else this.#dot(g, x(now), y, 3.5, connection.idleAt === undefined ? good : this.#paint.idle)
  }

  #drawClose(g: CanvasRenderingContext2D, close: CloseEvent, x: number, y: number, view: View, tick: boolean): void {
    const { calm, short } = reasons[close.reason]
    const colour = calm ? this.#paint.muted : this.#paint.bad
    g.fillStyle = colour
    if (tick) g.fillRect(x - 1, y - half, 2, half * 2)
    this.#text(g, short, x + 7, y, view.width, colour)
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
    stretch(
      openedAt,
      Math.min(first?.at ?? end, end),
      first && first.exchange > 1 ? this.#paint.idle : this.#paint.wait,
    )
    for (const [i, exchange] of exchanges.entries()) {
      const next = exchanges[i + 1]
      const last = connection.ending ? this.#paint.line : this.#paint.idle
      stretch(exchange.endedAt ?? end, Math.min(next?.at ?? end, end), next ? this.#paint.idle : last)
    }
  }

  /** Draws short exchanges side by side, or as one block when they are many; returns where it ends. */
  #drawGroup(
    g: CanvasRenderingContext2D,
    group: readonly Exchange[],
    left: number,
    y: number,
    { x, width }: View,
    good: string,
  ): number {
    const bad = group.find(({ status = 0 }) => status >= 400)
    if (group.length > 6) {
      const right = Math.max(left + least * 3, x(group.at(-1)!.endedAt ?? 0))
      this.#block(g, left, y, right - left, this.#colourOf(bad ?? group[0]!, good))
      return right
    }
    const step = least + 1
    const from = Math.min(left, width - group.length * step)
    for (const [i, one] of group.entries()) this.#block(g, from + i * step, y, least, this.#colourOf(one, good))
    return from + group.length * step - 1
  }

  #drawExchange(
    g: CanvasRenderingContext2D,
    exchange: Exchange,
    left: number,
    y: number,
    { x, now }: View,
    good: string,
  ): number {
    const right = Math.max(left + least, x(Math.min(exchange.endedAt ?? now, now)))
    const colour = this.#colourOf(exchange, good)
    if (right - left <= least) this.#block(g, left, y, least, colour)
    else if (exchange.repliedAt === undefined) this.#block(g, left, y, right - left, this.#paint.work)
    else {
      const replied = Math.min(Math.max(left, x(exchange.repliedAt)), right - least)
      if (replied - left >= 2) this.#block(g, left, y, replied - left, this.#paint.work)
      this.#block(g, replied, y, right - replied, colour)
    }
    return right
  }

  #colourOf({ status = 0, aborted, repliedAt }: Exchange, good: string): string {
    if (repliedAt === undefined && aborted === undefined) return this.#paint.work
    return status >= 400 || (aborted !== undefined && aborted !== 'peer') ? this.#paint.bad : good
  }

  #block(g: CanvasRenderingContext2D, left: number, y: number, width: number, colour: string): void {
    const from = Math.max(-8, left)
    const rest = width - (from - left)
    g.fillStyle = colour
    // Something long is the ground for its text; a firm edge shows where it began.
    if (rest > wide) g.globalAlpha = 0.3
    g.beginPath()
    g.roundRect(from, y - half, rest, half * 2, 2.5)
    g.fill()
    g.globalAlpha = 1
    if (rest > wide) g.fillRect(from, y - half, 3, half * 2)
  }

  #dot(g: CanvasRenderingContext2D, x: number, y: number, radius: number, colour: string): void {
    g.fillStyle = colour
    g.beginPath()
    g.arc(x, y, radius, 0, Math.PI * 2)
    g.fill()
  }

  /** Marks an error; returns where the mark ends. */
  #cross(g: CanvasRenderingContext2D, x: number, y: number): number {
    g.strokeStyle = this.#paint.bad
    g.lineWidth = 2.5
    g.lineCap = 'round'
    g.beginPath()
    for (const slope of [-4.5, 4.5]) {
      g.moveTo(x - 4.5, y - slope)
      g.lineTo(x + 4.5, y + slope)
    }
    g.stroke()
    return x + 5
  }

  /** Writes text where there is room for it. */
  #text(g: CanvasRenderingContext2D, text: string, left: number, y: number, limit: number, colour: string): void {
    const from = Math.max(8, left)
    if (from + g.measureText(text).width > limit) return
    g.textAlign = 'left'
    g.fillStyle = colour
    g.fillText(text, from, y)
  }
}

/** Short exchanges that would lie on top of each other go together; a long one is always alone. */
function groupsOf(exchanges: readonly Exchange[], { x, now }: View): Exchange[][] {
  const groups: Exchange[][] = []
  let right = -Infinity
  for (const exchange of exchanges) {
    const [from, to] = [x(exchange.at), x(exchange.endedAt ?? now)]
    if (to < -margin || exchange.at > now) continue
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
