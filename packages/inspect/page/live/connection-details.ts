// The details of a connection, as elements of the page.
import type { Connection, Exchange, ServerFacts } from '../../src/model/events.ts'
import { reasons } from '../../src/model/reasons.ts'
import { statusText } from '../../src/model/status.ts'
import type { Segment } from '../../src/model/tape.ts'
import { readBytes } from '../../src/model/tokens.ts'
import { fromBase64, toBase64Url } from '../shared/base64.ts'
import { el } from '../shared/dom.ts'
import { formatBytes, formatMs, formatTime, plural } from '../../src/model/format.ts'
import { endedAdvice, errorAdvice } from '../shared/advice.ts'
import { rfcUrl } from '../shared/kinds.ts'
import { wireText } from '../shared/wire-text.ts'
import { phaseOf } from './lanes.ts'
import { type Store, roleText } from './store.ts'
import type { WireOf } from './wire-of.ts'

/** Saves the panel as a page; the code for that is loaded on demand. */
function saveButton(connection: Connection, server: ServerFacts, now: number): HTMLElement {
  const button = el('button', { type: 'button' }, 'Save as a page')
  button.addEventListener('click', () => {
    const details = button.closest('#details')
    if (details) void import('./save-page.ts').then(({ savePage }) => savePage(details, connection, server, now))
  })
  return button
}

/** A key that changes when the description of a connection does. */
export function connectionKey(id: number, store: Store): string {
  const connection = store.find(id)
  // Texts that change with time are in seconds; everything else changes with an event.
  return connection ? JSON.stringify([connection, phaseOf(connection, store, store.now())]) : ''
}

/** All about a connection. */
export function connectionDetails(id: number, store: Store, wire: WireOf): HTMLElement[] {
  const connection = store.find(id)
  if (!connection) return [gone()]
  const { close, exchanges, requests, openedAt, peer, bytesIn, bytesOut } = connection
  const now = store.now()
  const role = roleText(connection, store.you)
  const facts: [string, string][] = [
    ['From', role ? `${peer}, ${role}` : peer],
    ['Accepted', formatTime(store.epoch + openedAt)],
    [close ? 'Was open' : 'Open for', formatMs((close?.at ?? now) - openedAt)],
    ['Bytes', `${formatBytes(bytesIn)} in, ${formatBytes(bytesOut)} out${close ? '' : ' so far'}`],
    ...endsOf(connection),
  ]
  const hidden = requests - exchanges.length
  return [
    verdictOf(connection, phaseOf(connection, store, now)),
    // The explanation of an error is more helpful than that of the close to which it led.
    ...(connection.error ? errorOf(connection) : close ? [endedAdvice(close.reason)] : []),
    factList(facts),
    el('div', { class: 'buttons' }, saveButton(connection, store.server, now)),
    el('h3', {}, plural(requests, 'request')),
    ...savedBy(requests),
    el(
      'ol',
      { class: 'exchanges', start: String(hidden + 1) },
      ...exchanges.map((exchange) => exchangeItem(id, exchange)),
    ),
    ...bytesOf(wire, now),
  ]
}

/** A sentence about why it ended, or what it is doing. */
export function verdictOf({ close }: Connection, phase: string): HTMLElement {
  const reason = close && reasons[close.reason]
  const text = reason ? reason.sentence : `Open: ${phase}.`
  return el('p', { class: reason && !reason.calm ? 'verdict bad' : 'verdict' }, text)
}

/** What was saved by a persistent connection (RFC 9112 §9.3). */
function savedBy(requests: number): HTMLElement[] {
  if (requests < 2) return []
  const spared = plural(requests - 1, 'connection')
  const text = `Keep-alive has saved ${spared}: for each a round trip, and with TLS a handshake, before the request could leave.`
  return [el('p', { class: 'thin' }, text)]
}

/** Which side was the first to end its direction (FIN). */
function endsOf({ fin, close, peer }: Connection): [string, string][] {
  const sides = (['client', 'server'] as const)
    .flatMap((side) => (fin?.[side] === undefined ? [] : [{ side, at: fin[side] }]))
    .toSorted((a, b) => a.at - b.at)
  const [first, second] = sides
  if (first && second)
    return [
      ['Ended', `first by the ${first.side} (FIN), ${formatMs(second.at - first.at)} later by the ${second.side}`],
    ]
  if (first)
    return [['Ended', `by the ${first.side} (FIN)${close ? ', the other side was cut off or never said so' : ''}`]]
  // Nothing is known about the end of connections from before the recording.
  return close && peer !== 'from before' ? [['Ended', 'at once, and no FIN from either side was seen']] : []
}

/** The parser's error, with its place and its section. */
export function errorOf({ error }: Connection): HTMLElement[] {
  if (!error) return []
  const { code, offset, message, rfc } = error
  const link = el('a', { href: rfcUrl(rfc), rel: 'noreferrer', target: '_blank' }, rfc)
  return [el('p', { class: 'error' }, el('code', {}, code), ` at byte ${offset}. ${message} `, link), errorAdvice(code)]
}

export function factList(facts: readonly (readonly [name: string, value: string])[]): HTMLElement {
  return el('dl', {}, ...facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]))
}

function bytesOf(wire: WireOf, now: number): HTMLElement[] {
  const { segments = [], streams } = wire.wire ?? {}
  const segment = segments.at(-1 - wire.back)
  if (!segment) return []
  const next = wire.back > 0 ? segments.at(-wire.back) : undefined
  return [
    ...(segments.length > 1 ? [pager(wire, segments)] : []),
    ...(streams ? [figureOf(streams, segment.at, next?.at ?? Infinity, now)] : []),
    ...(streams && segment.first > 1 ? [midway()] : segmentDetails(segment)),
  ]
}

/** Says that the fields cannot be decoded without earlier bytes of the connection. */
function midway(): HTMLElement {
  return el('p', { class: 'hint' }, 'The bytes of HTTP/2 are read from the beginning of the connection on: look there.')
}

/** The streams of an HTTP/2 connection; the code to draw them is loaded when there are some. */
function figureOf(...about: Parameters<typeof import('./streams-figure.ts').streamsFigure>): HTMLElement {
  const place = el('div')
  void import('./streams-figure.ts').then(({ streamsFigure }) => place.append(...streamsFigure(...about)))
  return place
}

function pager(wire: WireOf, { length }: readonly Segment[]): HTMLElement {
  const turn = (text: string, label: string, by: number): HTMLElement => {
    const button = el('button', { type: 'button', class: 'quiet', 'aria-label': label }, text)
    button.addEventListener('click', () => wire.turn(by))
    return button
  }
  const place = el('span', { class: 'thin' }, `bytes, ${length - wire.back} of ${length}`)
  return el('p', { class: 'pager' }, turn('‹', 'Earlier bytes', 1), place, turn('›', 'Later bytes', -1))
}

function segmentDetails({ in: incoming, out, total, pieces }: Segment): HTMLElement[] {
  const [received, sent] = [fromBase64(incoming), fromBase64(out)]
  const reading = readBytes(sent, 'response', { methods: methodsOf(received) })
  const upgraded = reading.messages[0]?.line.includes(' 101 ') ?? false
  const reads = pieces.filter(({ direction }) => direction === 'in').length
  return [
    wireHead(`Received in ${plural(reads, 'read')}`, total.in, 'request', received),
    wireText(received, readBytes(received, 'request', { upgraded }), total.in - received.length),
    wireHead('Sent', total.out, 'response', sent),
    wireText(sent, reading, total.out - sent.length),
  ]
}

/** The methods of the requests among some bytes. */
function methodsOf(bytes: Uint8Array): string[] {
  return readBytes(bytes, 'request').messages.map(({ line }) => line.split(' ', 1)[0]!)
}

/** The title of some bytes, with a link to examine them more closely. */
export function wireHead(title: string, size: number, side: 'request' | 'response', bytes: Uint8Array): HTMLElement {
  const href = `bytes.html#${side}=${toBase64Url(bytes)}`
  const link = el('a', { href, class: 'closer' }, 'Byte by byte')
  return el('h3', { class: 'wire-head' }, `${title}, ${formatBytes(size)}`, ...(bytes.length > 0 ? [link] : []))
}

function exchangeItem(connection: number, exchange: Exchange): HTMLElement {
  const { method, target, version, status, bytesOut, at, headAt, endedAt, aborted } = exchange
  const parts = [status === undefined ? 'no reply yet' : statusText(status)]
  if (bytesOut !== undefined) parts.push(formatBytes(bytesOut))
  if (endedAt !== undefined) parts.push(formatMs(endedAt - headAt))
  else if (status !== undefined) parts.push('still being sent')
  if (aborted !== undefined) parts.push('cut short')
  const bad = (status ?? 0) >= 400 || aborted !== undefined
  return el(
    'li',
    {},
    el(
      'button',
      { type: 'button', class: 'link', 'data-exchange': `${connection} ${exchange.exchange}` },
      el('code', {}, `${method} ${target}`),
    ),
    el('span', { class: 'thin' }, ` HTTP/${version}`),
    el('span', { class: bad ? 'bad' : 'good' }, parts.join(' · ')),
    ...(endedAt !== undefined && endedAt - headAt > 0 ? [phases(exchange, at, endedAt)] : []),
  )
}

/** The parts of an exchange's time. */
function phases({ headAt, repliedAt }: Exchange, at: number, endedAt: number): HTMLElement {
  const handled = repliedAt ?? endedAt
  const parts = [
    ['head', at - headAt],
    ['work', handled - at],
    ['good', endedAt - handled],
  ] as const
  const bar = el('span', { class: 'phases', role: 'img' })
  bar.setAttribute(
    'aria-label',
    `head ${formatMs(at - headAt)}, handler ${formatMs(handled - at)}, reply ${formatMs(endedAt - handled)}`,
  )
  bar.title = bar.getAttribute('aria-label')!
  for (const [kind, ms] of parts) {
    const part = el('i', { 'data-key': kind })
    // Flex factors with a sum below 1 would not fill the bar.
    part.style.flexGrow = String(Math.max(0, ms) * 1000)
    bar.append(part)
  }
  return bar
}

function gone(): HTMLElement {
  return el('p', { class: 'hint' }, 'This connection ended so long ago that the server has forgotten it.')
}
