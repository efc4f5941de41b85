import { formatBytes, formatMs, plural } from '../../src/model/format.ts'
import {
  type StreamTrace,
  type StreamsTrace,
  type Way,
  type WindowStep,
  mainWay,
} from '../../src/model/stream-trace.ts'
import { el } from '../shared/dom.ts'

/** Most streams at a time; if there are more, the latest are shown. */
const mostLanes = 24
/** Units of the drawing: its width, and the heights of a whole lane, its text, and its window. */
const [across, lane, text, window] = [352, 32, 12, 14]
/** The smallest visible size. */
const least = 2

const drawing = 'http://www.w3.org/2000/svg'

/**
 * The streams of an HTTP/2 connection as lanes within it, each as long as it was open, and as high as its window was: content
 * reduces the window, WINDOW_UPDATE enlarges it, and at zero nothing more may be sent.
 *
 * @param from the start of the time to show, on the server's clock. @param now the end of streams that have not ended.
 */
export function streamsFigure(trace: StreamsTrace, from: number, to: number, now: number): HTMLElement[] {
  const all = trace.streams.filter(({ openedAt }) => openedAt >= from && openedAt < to)
  if (all.length === 0) return []
  const shown = all.slice(-mostLanes)
  const start = shown[0]!.openedAt
  const end = Math.max(
    start + 0.1,
    ...shown.map(({ closedAt, openedAt }) => closedAt ?? Math.min(now, openedAt + 60_000)),
  )
  const x = (at: number): number => ((Math.max(start, Math.min(end, at)) - start) / (end - start)) * (across - least)
  const svg = shape('svg', { viewBox: `0 0 ${across} ${(shown.length + 1) * lane}`, class: 'streams', role: 'img' })
  svg.setAttribute('aria-label', `${plural(all.length, 'stream')} in ${formatMs(end - start)}`)
  const way = shown.filter((one) => mainWay(one) === 'in').length * 2 > shown.length ? 'in' : 'out'
  svg.append(...together(trace.windows[way], way, start, end, x))
  for (const [i, stream] of shown.entries()) svg.append(...laneOf(stream, (i + 1) * lane, end, x))
  const hidden = all.length > shown.length ? `, the last ${shown.length} of them` : ''
  return [
    el('h3', {}, `${plural(all.length, 'stream')} in ${formatMs(end - start)}${hidden}`),
    el('figure', { class: 'streams-figure' }, svg, el('figcaption', { class: 'thin' }, explanation)),
  ]
}

const explanation =
  'Each stream from its first frame to its last; the height is its window: what may still be sent on it. DATA closes it, ' +
  'WINDOW_UPDATE opens it, and where it is shut the stream waits for the other side.'

/** The window of the connection, which all streams share. */
function together(
  steps: readonly WindowStep[],
  way: Way,
  start: number,
  end: number,
  x: (at: number) => number,
): Element[] {
  const [, left] = steps.findLast(([at]) => at <= end) ?? [0, 0]
  const side = way === 'in' ? 'the client' : 'the server'
  return [
    label(`the connection: ${side} may send ${formatBytes(Math.max(0, left))} more`, 0),
    ...windowOf(steps, start, end, text + 2, x),
  ]
}

function laneOf(stream: StreamTrace, y: number, end: number, x: (at: number) => number): Element[] {
  const { id, line, status, reset, closedAt = end, openedAt, bytes, windows } = stream
  const way = mainWay(stream)
  const parts = [`${id}  ${line.length > 30 ? `${line.slice(0, 29)}…` : line}`]
  if (status !== undefined) parts.push(String(status))
  if (bytes[way] > 0) parts.push(`${formatBytes(bytes[way])} ${way}`)
  parts.push(reset ?? formatMs(closedAt - openedAt))
  return [
    label(parts.join(' · '), y, reset ? 'bad' : ''),
    ...windowOf(windows[way], openedAt, closedAt, y + text + 2, x),
  ]
}

function label(content: string, y: number, kind = ''): Element {
  const element = shape('text', { x: '0', y: String(y + text - 2), class: kind })
  element.textContent = content
  return element
}

/** The window as an area above a base line, which has a different colour while the window is zero. */
function windowOf(
  steps: readonly WindowStep[],
  start: number,
  end: number,
  y: number,
  x: (at: number) => number,
): Element[] {
  const most = Math.max(1, ...steps.map(([, bytes]) => bytes))
  const ground = y + window
  const found: Element[] = [box('life', x(start), y, x(end) - x(start))]
  let hill = `M${x(start)} ${ground}`
  for (const [i, [at, bytes]] of steps.entries()) {
    const [from, to] = [Math.max(at, start), Math.min(steps[i + 1]?.[0] ?? end, end)]
    if (to < from) continue
    const height = ground - (Math.max(0, bytes) / most) * window
    hill += `L${x(from)} ${height}L${x(to)} ${height}`
    if (bytes <= 0) found.push(box('shut', x(from), y, x(to) - x(from)))
  }
  found.splice(1, 0, shape('path', { class: 'open', d: `${hill}L${x(end)} ${ground}Z` }))
  return found
}

function box(kind: string, x: number, y: number, size: number): Element {
  const [width, height] = [Math.max(least, size), window].map(String) as [string, string]
  return shape('rect', { class: kind, x: String(x), y: String(y), width, height, rx: '1.5' })
}

function shape(name: string, attributes: Readonly<Record<string, string>>): Element {
  const element = document.createElementNS(drawing, name)
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value)
  return element
}
