import type { Connection, Exchange } from '../src/model/events.ts'
import { reasons } from '../src/model/reasons.ts'
import { statusText } from '../src/model/status.ts'
import type { Tried } from '../src/model/tried.ts'
import { byId, el } from './dom.ts'
import { formatBytes, formatMs, formatTime, plural } from './format.ts'
import { phaseOf } from './lanes.ts'
import { type Store, roleText } from './store.ts'

/** One request that the page itself made. */
export interface Fetched {
  readonly request: string
  readonly status: number
  readonly ms: number
  readonly text: string
  /** Where the server got it, 0 when the reply does not say. */
  readonly connection: number
}

/** The panel that tells all about one thing: a connection, or what a button did. */
export class Inspector {
  readonly #panel = byId('inspector')
  readonly #title = byId('inspector-title')
  readonly #body = byId('details')
  readonly #store: Store
  /** The connection shown, 0 while it is something else. */
  selected = 0
  #shown = ''

  constructor(store: Store) {
    this.#store = store
    this.#show('Details', [
      el('p', { class: 'hint' }, 'Pick a connection to see its requests and why it ended.'),
      el(
        'p',
        { class: 'hint' },
        'Or press a button above: what was sent and what came back will be here, byte for byte.',
      ),
    ])
  }

  select(connection: number): void {
    this.selected = connection
    this.#shown = ''
    this.refresh()
    // On a narrow screen the panel is below what was pressed.
    if (innerWidth < 960) this.#panel.scrollIntoView({ block: 'nearest' })
  }

  /** Brings the connection shown up to date. */
  refresh(): void {
    if (this.selected === 0) return
    const connection = this.#store.find(this.selected)
    // What changes by itself is in seconds; anything else comes with an event.
    const key = connection ? JSON.stringify([connection, phaseOf(connection, this.#store, this.#store.now())]) : ''
    if (key === this.#shown) return
    this.#shown = key
    this.#show(`Connection #${this.selected}`, connection ? this.#connection(connection) : [gone()])
  }

  /** Something has been started whose result is not there yet. */
  working(title: string): void {
    this.selected = 0
    this.#show(title, [el('p', { class: 'hint busy' }, 'Under way …')])
  }

  failed(title: string, message: string): void {
    this.selected = 0
    this.#show(title, [el('p', { class: 'verdict bad' }, message)])
  }

  tried({ title, note, sent, received, connection, ms }: Tried): void {
    this.selected = 0
    this.#show(title, [
      el('p', {}, note),
      ...(connection > 0 ? [lookAt(connection)] : []),
      el('h3', {}, `Sent, ${formatBytes(sent.length)}`),
      wire(sent),
      el('h3', {}, `Received, ${formatBytes(received.length)}, all over after ${formatMs(ms)}`),
      wire(received),
    ])
  }

  fetched(title: string, note: string, results: readonly Fetched[]): void {
    this.selected = 0
    this.#show(title, [
      el('p', {}, note),
      ...results.flatMap(({ request, status, ms, text, connection }) => [
        el('h3', {}, request),
        el('p', { class: status >= 400 ? 'verdict bad' : 'verdict' }, `${statusText(status)} in ${formatMs(ms)}`),
        ...(text ? [wire(text)] : []),
        ...(connection > 0 ? [lookAt(connection)] : []),
      ]),
    ])
  }

  #connection(connection: Connection): HTMLElement[] {
    const { close, error, exchanges, requests, openedAt, peer } = connection
    const { epoch, you } = this.#store
    const now = this.#store.now()
    const role = roleText(connection, you)
    const facts: [string, string][] = [
      ['From', role ? `${peer}, ${role}` : peer],
      ['Accepted', formatTime(epoch + openedAt)],
      [close ? 'Was open' : 'Open for', formatMs((close?.at ?? now) - openedAt)],
      [
        'Bytes',
        `${formatBytes(connection.bytesIn)} in, ${formatBytes(connection.bytesOut)} out${close ? '' : ' so far'}`,
      ],
    ]
    const verdict = close ? reasons[close.reason] : undefined
    const hidden = requests - exchanges.length
    return [
      el(
        'p',
        { class: verdict && !verdict.calm ? 'verdict bad' : 'verdict' },
        verdict?.sentence ?? `Open: ${phaseOf(connection, this.#store, now)}.`,
      ),
      ...(error
        ? [el('p', { class: 'error' }, `${error.code} at byte ${error.offset}. ${error.message} (${error.rfc})`)]
        : []),
      el('dl', {}, ...facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])),
      el('h3', {}, plural(requests, 'request')),
      el('ol', { class: 'exchanges', start: String(hidden + 1) }, ...exchanges.map(exchangeItem)),
    ]
  }

  #show(title: string, content: readonly HTMLElement[]): void {
    this.#title.textContent = title
    this.#body.replaceChildren(...content)
  }
}

function exchangeItem({ method, target, version, status, bytesOut, at, endedAt, aborted }: Exchange): HTMLElement {
  const parts = [status === undefined ? 'no reply yet' : statusText(status)]
  if (bytesOut !== undefined) parts.push(formatBytes(bytesOut))
  if (endedAt !== undefined) parts.push(formatMs(endedAt - at))
  else if (status !== undefined) parts.push('still being sent')
  if (aborted !== undefined) parts.push('cut short')
  const bad = (status ?? 0) >= 400 || aborted !== undefined
  return el(
    'li',
    {},
    el('code', {}, `${method} ${target}`),
    el('span', { class: 'thin' }, ` HTTP/${version}`),
    el('span', { class: bad ? 'bad' : 'good' }, parts.join(' · ')),
  )
}

/** Bytes as text, with the line ends that matter in HTTP made visible. */
function wire(text: string): HTMLElement {
  const pre = el('pre', { tabindex: '0' })
  for (const [i, line] of text.split('\r\n').entries()) {
    if (i > 0) pre.append(el('span', { class: 'crlf', 'aria-hidden': 'true' }, '\\r\\n'), '\n')
    pre.append(line)
  }
  if (text === '') pre.append(el('span', { class: 'thin' }, 'nothing'))
  return pre
}

function lookAt(connection: number): HTMLElement {
  const button = el('button', { type: 'button', class: 'link', 'data-connection': String(connection) })
  button.append(`Look at connection #${connection}`)
  return el('p', {}, button)
}

function gone(): HTMLElement {
  return el('p', { class: 'hint' }, 'This connection ended so long ago that the server has forgotten it.')
}
