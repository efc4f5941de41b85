// The details of what the lab's client did, as elements of the page.
import type { Run, Tried } from '../../src/model/tried.ts'
import { readBytes, statusText } from '@spillway/inspect/model'
import {
  type Store,
  el,
  errorOf,
  factList,
  formatMs,
  fromBase64,
  phaseOf,
  verdictOf,
  wireHead,
  wireText,
} from '@spillway/inspect/page'
import type { Fetched } from './fetched.ts'

/** Connections whose bytes are shown at once; the visitor opens the others. */
const opened = 1

/** Changes when the server says more about the connections of a try. */
export function triedKey({ runs }: Tried, store: Store): string {
  return JSON.stringify(runs.map(({ connection }) => store.find(connection)?.close?.reason))
}

/** What a button of the lab's client did: what was sent, what came back, and why. */
export function triedDetails(tried: Tried, store: Store): HTMLElement[] {
  const { note, facts, runs, ms } = tried
  return [
    el('p', {}, note),
    ...(facts.length > 0 ? [factList(facts)] : []),
    ...runs.map((run, i) => runDetails(run, store, runs.length <= opened || i === 0)),
    el('p', { class: 'thin' }, `All over after ${formatMs(ms)}.`),
  ]
}

function runDetails(run: Run, store: Store, open: boolean): HTMLElement {
  const { connection, label, sent, received, total, methods, ended, ms } = run
  const [out, back] = [fromBase64(sent), fromBase64(received)]
  const reading = readBytes(back, 'response', { methods })
  const upgraded = reading.messages[0]?.line.includes(' 101 ') ?? false
  const known = store.find(connection)
  const details = el('details', { class: 'run' })
  details.open = open
  details.append(
    el('summary', {}, el('b', {}, connection > 0 ? `#${connection}` : 'Not accepted'), ` ${label}`),
    el(
      'p',
      { class: 'thin' },
      `Ended ${ended} after ${formatMs(ms)}. `,
      ...(connection > 0 ? [lookAt(connection)] : []),
    ),
    ...(known ? [verdictOf(known, phaseOf(known, store, store.now())), ...errorOf(known)] : []),
    wireHead('Sent', total.sent, 'request', out),
    wireText(out, readBytes(out, 'request', { upgraded }), total.sent - out.length),
    wireHead('Received', total.received, 'response', back),
    wireText(back, reading, total.received - back.length),
  )
  return details
}

/** What the page itself fetched. */
export function fetchedDetails(note: string, results: readonly Fetched[]): HTMLElement[] {
  return [
    el('p', {}, note),
    ...results.flatMap(({ request, status, ms, text, connection }) => [
      el('h3', {}, request),
      el('p', { class: status >= 400 ? 'verdict bad' : 'verdict' }, `${statusText(status)} in ${formatMs(ms)}`),
      ...(text ? [el('pre', { tabindex: '0' }, text)] : []),
      ...(connection > 0 ? [el('p', {}, lookAt(connection))] : []),
    ]),
  ]
}

function lookAt(connection: number): HTMLElement {
  const button = el('button', { type: 'button', class: 'link', 'data-connection': String(connection) })
  button.append(`Look at connection #${connection}`)
  return button
}
