// What has happened recently, as a table and as a sentence.
import type { ServerEvent, WireEvent } from '../../src/model/events.ts'
import { reasons } from '../../src/model/reasons.ts'
import { bounds } from '../../src/model/state.ts'
import { statusText } from '../../src/model/status.ts'
import { byId, el } from '../shared/dom.ts'
import { formatBytes, formatMs, formatTime } from '../../src/model/format.ts'
import type { Filter } from './filter.ts'
import { type Store, roleText } from './store.ts'

/** One line of the log. */
interface Line {
  /** The kind of event in one word, which also determines the colour. */
  readonly kind: string
  readonly word: string
  readonly what: string
  readonly bytes?: string
  readonly took?: string
}

const abortedBy: Readonly<Record<string, string>> = {
  peer: 'because the client left',
  timeout: 'because a deadline passed',
  handler: 'because the handler failed',
  shutdown: 'because the server stops',
}

const serverText: Readonly<Record<ServerEvent['what'], string>> = {
  listens: 'It listens, and takes connections.',
  drains: 'It accepts no more, ends what is idle, and finishes what is under way.',
  drained: 'The server from before has ended: no connection of it is left.',
}

/** Lists what happened, newest first, in a table. */
export class Log {
  readonly #body = byId('log')
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
    byId('log-most').textContent = String(bounds.recent)
  }

  /** Starts again with the latest events. */
  reset(filter: Filter): void {
    this.#body.replaceChildren()
    this.add(this.#store.state.recent, filter)
  }

  add(all: readonly WireEvent[], filter: Filter): void {
    const { you } = this.#store
    const events = all.filter((event) => filter.event(event, this.#store.find(event.connection), you))
    const rows: HTMLElement[] = []
    for (const [i, event] of events.slice(-bounds.recent).entries()) {
      const line = lineOf(event, this.#store)
      if (line && !(event.type === 'reply' && endsIn(events, event, i))) rows.push(this.#row(event, line))
    }
    this.#body.prepend(...rows.toReversed())
    while (this.#body.childElementCount > bounds.recent) this.#body.lastElementChild!.remove()
    byId('no-log').hidden = this.#body.childElementCount > 0
  }

  #row(event: WireEvent, { kind, word, what, bytes = '', took = '' }: Line): HTMLElement {
    const { epoch, you } = this.#store
    const connection = this.#store.find(event.connection)
    const role = connection ? roleText(connection, you) : ''
    const id = event.connection > 0 ? `#${event.connection}` : ''
    const button = el('button', { type: 'button', class: 'id', 'data-connection': String(event.connection) }, id)
    button.setAttribute('aria-label', `Connection ${event.connection}, details`)
    return el(
      'tr',
      { 'data-kind': kind },
      el('td', { class: 'time' }, formatTime(epoch + event.at)),
      el(
        'td',
        { class: 'who' },
        ...(id ? [button] : []),
        ...(role ? [el('span', { class: 'chip', 'data-role': connection!.role }, role)] : []),
      ),
      el('td', {}, el('span', { class: 'tag' }, word)),
      el('td', { class: 'what' }, what),
      el('td', { class: 'num' }, bytes),
      el('td', { class: 'num' }, took),
    )
  }
}

/** A response that is already complete needs no line for its beginning. */
function endsIn(events: readonly WireEvent[], reply: WireEvent & { type: 'reply' }, from: number): boolean {
  const { connection, exchange } = reply
  return events.some(
    (one, i) => i > from && one.type === 'end' && one.connection === connection && one.exchange === exchange,
  )
}

function lineOf(event: WireEvent, store: Store): Line | null {
  const { server } = store
  switch (event.type) {
    case 'fin':
      return finLine(event, store)
    case 'open':
      return { kind: 'open', word: 'accepted', what: `from ${event.peer}` }
    case 'request': {
      const what = `${event.method} ${event.target} HTTP/${event.version}`
      return { kind: 'request', word: 'request', what, bytes: formatBytes(event.bytes) }
    }
    case 'reply':
      return { kind: 'reply', word: 'reply', what: `${statusText(event.status)}, and the content follows` }
    case 'end':
      return endLine(event)
    case 'server':
      return { kind: 'server', word: 'server', what: serverText[event.what] }
    case 'idle':
      return {
        kind: 'idle',
        word: 'kept',
        what: `waits for another request, ${formatMs(server.keepAliveMs)} at the most`,
      }
    case 'refused': {
      const what = `${event.message} ${event.rfc}; seen at byte ${event.offset}, answered ${statusText(event.status)}`
      return { kind: 'error', word: 'error', what }
    }
    case 'close': {
      const bytes = `${formatBytes(event.bytesIn)} in, ${formatBytes(event.bytesOut)} out`
      const { calm, sentence } = reasons[event.reason]
      return { kind: calm ? 'close' : 'broken', word: 'closed', what: sentence, bytes }
    }
    default:
      return null
  }
}

/** A FIN gets a line if the other side still has something to send: then the connection is half-closed. */
function finLine({ by, connection, at }: WireEvent & { type: 'fin' }, store: Store): Line | null {
  const isAnswering = store.find(connection)?.exchanges.some(({ endedAt = Infinity }) => endedAt > at)
  if (by === 'server' || !isAnswering) return null
  return { kind: 'idle', word: 'FIN', what: 'The client sends nothing more, and may still wait for its reply.' }
}

function endLine({ status, aborted, bytes, ms }: WireEvent & { type: 'end' }): Line {
  const size = formatBytes(bytes)
  const took = formatMs(ms)
  if (aborted !== undefined) {
    const begun = status > 0 ? `${statusText(status)}, cut short` : 'no reply'
    return { kind: 'error', word: 'cut', what: `${begun} ${abortedBy[aborted] ?? ''}`, bytes: size, took }
  }
  return { kind: status >= 400 ? 'refused' : 'reply', word: 'reply', what: statusText(status), bytes: size, took }
}

/** Describes in one sentence what has happened recently, for people who cannot see the page. */
export function summary(events: readonly WireEvent[]): string {
  const count = (type: WireEvent['type']) => events.filter((event) => event.type === type).length
  const last = events.findLast((event) => event.type === 'close')
  const parts = [
    [count('open'), 'accepted'],
    [count('request'), 'requests'],
    [count('refused'), 'errors'],
    [count('close'), 'closed'],
  ] as const
  const text = parts
    .filter(([n]) => n > 0)
    .map(([n, word]) => `${n} ${word}`)
    .join(', ')
  return last ? `${text}. Connection ${last.connection}: ${reasons[last.reason].sentence}` : text
}
