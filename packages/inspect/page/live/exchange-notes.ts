// What is known about an exchange besides its bytes: where its time went, why its route won, its trace, and what was logged.
import type { Exchange } from '../../src/model/events.ts'
import { formatMs } from '../../src/model/format.ts'
import type { ExchangeNote, FittingRoute, LayerTime, RouteChoice, SpanNote } from '../../src/model/notes.ts'
import { el } from '../shared/dom.ts'

/** One row of the figure of where time went. */
interface Row {
  readonly name: string
  readonly depth: number
  /** Determines the colour. */
  readonly key: 'head' | 'work' | 'good' | 'accent' | 'bad'
  readonly at: number
  readonly ms: number
  /** The text beside the bar. */
  readonly text: string
}

/** All notes on an exchange. @param known missing when the server has forgotten it. */
export function noteDetails(note: ExchangeNote | undefined, known: Exchange | undefined): HTMLElement[] {
  return [
    ...(known ? timeDetails(note?.layers ?? [], known) : []),
    ...(note?.unread ? [el('p', { class: 'hint' }, 'The handler has answered without reading the content.')] : []),
    ...(note?.route ? routeDetails(note.route) : []),
    ...(note?.trace ? traceDetails(note.trace, known) : []),
    ...(note && note.lines.length > 0
      ? [el('h3', {}, 'Logged'), el('pre', { class: 'lines', tabindex: '0' }, note.lines.join('\n'))]
      : []),
  ]
}

function timeDetails(layers: readonly LayerTime[], exchange: Exchange): HTMLElement[] {
  const { at, headAt, repliedAt, endedAt = repliedAt } = exchange
  if (endedAt === undefined) return []
  const rows: Row[] = []
  const add = (name: string, key: Row['key'], from: number, to: number): void => {
    rows.push({ name, depth: 0, key, at: from, ms: to - from, text: formatMs(to - from) })
  }
  if (at > headAt) add('head comes in', 'head', headAt, at)
  if (layers.length === 0) add('handler', 'work', at, repliedAt ?? endedAt)
  else rows.push(...layers.map((layer) => layerRow(layer, endedAt)))
  if (repliedAt !== undefined && endedAt > repliedAt) add('reply leaves', 'good', repliedAt, endedAt)
  return [
    el('h3', {}, `Where ${formatMs(endedAt - headAt)} went`),
    el('ol', { class: 'times' }, ...rows.map((row) => timeRow(row, headAt, endedAt))),
  ]
}

function layerRow({ kind, name, depth, at, ms, own = 0, failed }: LayerTime, now: number): Row {
  const called = name || (kind === 'handler' ? 'handler' : 'a layer without a name')
  const self = ms !== undefined && ms - own > 0.0005 ? `${formatMs(own)} of ${formatMs(ms)}` : formatMs(own)
  const text = ms === undefined ? 'still running' : failed === undefined ? self : `${self}, failed: ${failed}`
  const key = failed === undefined ? (kind === 'handler' ? 'work' : 'accent') : 'bad'
  return { name: called, depth, key, at, ms: ms ?? now - at, text }
}

function timeRow({ name, depth, key, at, ms, text }: Row, from: number, to: number): HTMLElement {
  const bar = el('i', { 'data-key': key })
  const span = Math.max(0.001, to - from)
  // In percent of the whole; a bar too short to be visible becomes a line.
  const left = Math.min(99, Math.max(0, ((at - from) / span) * 100))
  bar.style.marginLeft = `${left}%`
  bar.style.width = `${Math.min(100 - left, Math.max(0, (ms / span) * 100))}%`
  const label = el('code', {}, name)
  label.style.paddingLeft = `${Math.min(depth, 12) * 0.7}em`
  return el(
    'li',
    {},
    label,
    el('span', { class: 'track', 'aria-hidden': 'true' }, bar),
    el('span', { class: 'num' }, text),
  )
}

function routeDetails({ routes, status }: RouteChoice): HTMLElement[] {
  const [first, ...others] = routes
  const title = el('h3', {}, 'The route')
  if (!first || status !== undefined) {
    const text = `No route has answered: the router itself said ${status ?? 404}.`
    return [title, el('p', {}, text), ...(first ? [routeList(routes)] : [])]
  }
  const won = el('p', {}, ...routeText(first), '.')
  if (others.length === 0) return [title, won, el('p', { class: 'thin' }, 'No other route fits this path and method.')]
  return [title, won, el('p', { class: 'thin' }, 'It is more specific than what fits, too:'), routeList(others)]
}

function routeList(routes: readonly FittingRoute[]): HTMLElement {
  return el('ol', { class: 'others' }, ...routes.map((route) => el('li', {}, ...routeText(route))))
}

function routeText({ method, pattern, place }: FittingRoute): (HTMLElement | string)[] {
  const name = el('code', {}, `${method} ${pattern}`)
  return place === '' ? [name] : [name, ' ', el('span', { class: 'thin' }, `registered at ${shortPlace(place)}`)]
}

/** Shortens a path to its end, which shows which file is meant. */
function shortPlace(place: string): string {
  const parts = place.split(/[/\\]/)
  return parts.length > 3 ? `…/${parts.slice(-2).join('/')}` : place
}

function traceDetails({ id, spans }: NonNullable<ExchangeNote['trace']>, known: Exchange | undefined): HTMLElement[] {
  const from = known?.headAt ?? 0
  const text = ({ name, at, ms }: SpanNote): (HTMLElement | string)[] => [
    el('code', {}, name || 'a span without a name'),
    ms === undefined ? '' : ` ${formatMs(ms)}`,
    at === undefined ? '' : el('span', { class: 'thin' }, ` from ${formatMs(Math.max(0, at - from))} on`),
  ]
  return [
    el('h3', {}, 'The trace'),
    el('p', {}, el('code', { class: 'trace' }, id)),
    el('ol', { class: 'others' }, ...spans.map((span) => el('li', {}, ...text(span)))),
  ]
}
