// The timeline: time and lanes to positions, and the user's gestures.
import type { Connection, Gap } from '../../src/model/events.ts'
import type { Store } from './store.ts'
import { formatTime } from '../../src/model/format.ts'
import { byId } from '../shared/dom.ts'
import { type Paint, LanePainter, readPaint } from './lane-painter.ts'
import { laneHeight, tallest } from './lanes.ts'

/** Space to the right of "now", for the countdowns and for marks of what is happening at this moment. */
const margin = 26
const axisHeight = 26
/** The least and most milliseconds from edge to edge, and the factor of one step of the wheel. */
const [leastSpan, mostSpan, wheelStep] = [2, 240_000, 1.2]

/** Maps times to positions. */
export interface View {
  /** The time at the right edge, in milliseconds on the server's clock. */
  readonly now: number
  readonly span: number
  readonly width: number
  readonly x: (at: number) => number
}

/** What the user does to the picture with a pointer. */
export interface Gestures {
  readonly select: (lane: number) => void
  /** @param at the fraction of the width that stays in place, 1 for the right edge. */
  readonly zoom: (factor: number, at: number) => void
  /** @param by a fraction of the width. */
  readonly pan: (by: number) => void
}

/** Draws connections as lanes over time, all of them on one canvas. */
export class Timeline {
  readonly #canvas = byId('timeline') as HTMLCanvasElement
  readonly #axis = byId('axis') as HTMLCanvasElement
  readonly #scroll = this.#canvas.parentElement!
  #lane = 44
  #lanes = 0
  #paint: Paint = readPaint()

  constructor(gestures: Gestures) {
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => (this.#paint = readPaint()))
    this.#listen(gestures)
  }

  /** @param now the time at the right edge. @param span milliseconds from edge to edge. */
  draw(
    lanes: readonly Connection[],
    now: number,
    span: number,
    { server, state, epoch }: Pick<Store, 'server' | 'state' | 'epoch'>,
    {
      selected,
      isPast,
    }: { readonly selected: number; /** Whether the right edge is not now. */ readonly isPast: boolean },
  ): void {
    const lane = (this.#lane = laneHeight(lanes.length, tallest(byId('labels'))))
    this.#lanes = lanes.length
    // The canvas is only as high as the visible part of the list, and stays in view while that scrolls.
    const { scrollTop, clientHeight } = this.#scroll
    const height = Math.min(lanes.length * lane, clientHeight || Infinity)
    const g = fit(this.#canvas, height)
    const width = this.#canvas.clientWidth
    if (!g || width === 0) return
    const view: View = { x: (at) => width - margin - ((now - at) / span) * (width - margin), now, span, width }
    this.#drawAxis(view, isPast ? formatTime(epoch + now) : 'now')
    this.#drawGrid(g, view, height)
    this.#drawGaps(g, view, height, state.gaps)
    const painter = new LanePainter(g, view, lane, this.#paint, server)
    for (const [i, connection] of lanes.entries()) {
      const y = (i + 0.5) * lane - scrollTop
      if (y < -lane || y > height + lane) continue
      if (connection.id === selected) painter.shade(y)
      painter.draw(connection, y)
    }
  }

  #drawAxis({ x, now, span }: View, edge: string): void {
    const g = fit(this.#axis, axisHeight)
    if (!g) return
    g.font = '11px system-ui, sans-serif'
    g.fillStyle = this.#paint.muted
    const free = x(now) + margin / 2 - g.measureText(edge).width - 8
    for (const ago of ticks(span)) {
      if (ago > 0 && x(now - ago) + g.measureText(agoText(ago)).width / 2 > free) continue
      g.textAlign = ago === 0 ? 'right' : 'center'
      g.fillText(ago === 0 ? edge : agoText(ago), ago === 0 ? x(now) + margin / 2 : x(now - ago), 15)
    }
  }

  #drawGrid(g: CanvasRenderingContext2D, { x, now, span }: View, height: number): void {
    g.fillStyle = this.#paint.line
    for (const ago of ticks(span)) g.fillRect(Math.round(x(now - ago)), 0, 1, height)
  }

  /** Shades times that were not recorded completely. */
  #drawGaps(g: CanvasRenderingContext2D, { x, now, width }: View, height: number, gaps: readonly Gap[]): void {
    g.fillStyle = this.#paint.muted
    g.globalAlpha = 0.12
    for (const { from, to = now } of gaps) {
      const [left, right] = [Math.max(0, x(from)), Math.min(width, x(Math.min(to, now)))]
      if (right > left) g.fillRect(left, 0, right - left, height)
    }
    g.globalAlpha = 1
  }

  #listen({ select, zoom, pan }: Gestures): void {
    const canvas = this.#canvas
    const place = (event: MouseEvent) => event.offsetX / Math.max(1, canvas.clientWidth - margin)
    canvas.addEventListener(
      'wheel',
      (event) => {
        // Without a modifier key the wheel scrolls, as everywhere.
        if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return
        event.preventDefault()
        zoom((event.deltaY || event.deltaX) > 0 ? wheelStep : 1 / wheelStep, Math.min(1, place(event)))
      },
      { passive: false },
    )
    let from: number | undefined
    let moved = false
    canvas.addEventListener('pointerdown', (event) => {
      from = event.clientX
      moved = false
    })
    addEventListener('pointermove', (event) => {
      if (from === undefined || (!moved && Math.abs(event.clientX - from) < 5)) return
      moved = true
      pan((from - event.clientX) / Math.max(1, canvas.clientWidth - margin))
      from = event.clientX
    })
    addEventListener('pointerup', () => (from = undefined))
    canvas.addEventListener('click', (event) => {
      const lane = Math.floor((event.offsetY + this.#scroll.scrollTop) / this.#lane)
      if (!moved && lane < this.#lanes) select(lane)
    })
  }
}

/** Limits a span to what can be shown. @param whole the length of a recording, all of which can be. */
export function clampSpan(span: number, whole: number = 0): number {
  return Math.max(leastSpan, Math.min(Math.max(mostSpan, whole), span))
}

/** The positions of the grid lines, in milliseconds ago: round numbers, far enough apart to be read. */
function ticks(span: number): number[] {
  const rough = span / (innerWidth < 700 ? 3 : 6)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5, 10].find((n) => n * power >= rough) ?? 10)
  return Array.from({ length: Math.floor((span / step) * 0.97) + 1 }, (_, i) => i * step)
}

function agoText(ago: number): string {
  return ago < 1000 ? `−${Number(ago.toPrecision(3))} ms` : `−${Number((ago / 1000).toPrecision(3))} s`
}

/** Sets a canvas to its size on the page, in device pixels, and clears it. */
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
