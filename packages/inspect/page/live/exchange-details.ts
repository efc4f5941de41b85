// The details of an exchange, as elements of the page.
import { type Told, type ToldExchange, fieldOf } from '../../src/model/messages.ts'
import { exchangesIn } from '../../src/model/streams.ts'
import { readBytes } from '../../src/model/tokens.ts'
import { fromBase64, toBase64Url } from '../shared/base64.ts'
import { el } from '../shared/dom.ts'
import { formatBytes, formatMs } from '../../src/model/format.ts'
import { wireText } from '../shared/wire-text.ts'
import { contentDetails, fieldList, textOf } from './content.ts'
import { asBytes, asCurl, asFetch, asTest } from './copy-as.ts'
import { noteDetails } from './exchange-notes.ts'
import { messageList } from './message-list.ts'
import type { Store } from './store.ts'
import type { WireOf } from './wire-of.ts'

/** A complete exchange: both messages, their decoded content, and actions for the request. */
export function exchangeDetails(connection: number, number: number, store: Store, wire: WireOf): HTMLElement[] {
  const back = el('button', { type: 'button', class: 'link', 'data-connection': String(connection) })
  back.append(`Connection #${connection}`)
  const told = find(number, wire)
  if (!told) return [el('p', {}, back), el('p', { class: 'hint' }, 'Its bytes are not kept, or not there yet.')]
  const { request, response } = told
  const known = store.find(connection)?.exchanges.find(({ exchange }) => exchange === number)
  const note = wire.wire?.notes.find(({ exchange }) => exchange === number)
  return [
    el('p', {}, back),
    ...actions(request, known?.status, connection, store),
    ...noteDetails(note, known),
    ...message('Request', request, store),
    ...(response ? message('Response', response, store) : [el('p', { class: 'hint' }, 'No response.')]),
    ...(known?.status === 101 && wire.wire?.messages ? messageList(wire.wire.messages, known) : []),
  ]
}

/** A key that changes when there is something new to show. */
export function exchangeKey(number: number, wire: WireOf): string {
  const told = find(number, wire)
  const note = wire.wire?.notes.find(({ exchange }) => exchange === number)
  return told
    ? `${told.request.bytes.length} ${told.response?.bytes.length} ${told.response?.complete} ${JSON.stringify(note)} ${wire.wire?.messages?.length}`
    : ''
}

function find(number: number, { wire }: WireOf): ToldExchange | undefined {
  return wire && exchangesIn(wire.segments, fromBase64).find(({ exchange }) => exchange === number)
}

function message(title: string, told: Told, store: Store): HTMLElement[] {
  return [
    el('h3', {}, title),
    el('p', {}, el('code', { class: 'start-line' }, told.line)),
    fieldList(told.fields),
    ...contentDetails(told, store),
  ]
}

function actions(request: Told, status: number | undefined, connection: number, store: Store): HTMLElement[] {
  const bar = el('div', { class: 'buttons' })
  const said = el('span', { class: 'thin', role: 'status' })
  const copy = (name: string, text: () => string): void => {
    const button = el('button', { type: 'button' }, name)
    button.addEventListener('click', () => {
      void navigator.clipboard.writeText(text()).then(
        () => (said.textContent = `${name}: copied`),
        () => (said.textContent = 'The browser does not allow it'),
      )
    })
    bar.append(button)
  }
  const url = originOf(request, connection, store)
  copy('Copy as curl', () => asCurl(request, url))
  copy('as fetch', () => asFetch(request, url))
  copy('as a test', () => asTest(request, status))
  copy('as bytes', () => asBytes(request, url))
  const link = el('a', { href: `bytes.html#request=${toBase64Url(request.bytes)}` }, 'Byte by byte')
  return [bar, el('p', {}, link, ' ', said), ...(store.server.tools ? [sender(request, store)] : [])]
}

/** The origin to which the request was sent. */
function originOf(request: Told, connection: number, store: Store): string {
  const { server, recording } = store
  if (!recording)
    // A server without an address is known only through a page that it serves.
    return server.url.startsWith('http') ? server.url : location.origin
  const label = store.find(connection)?.label ?? ''
  const origin = URL.canParse(label) ? label : `http://${fieldOf(request, 'host') ?? 'localhost'}`
  return URL.canParse(origin) ? origin : 'http://localhost'
}

/** Sends the request again, as it was or changed. */
function sender(request: Told, { recording }: Store): HTMLElement {
  const details = el('details', {}, el('summary', {}, recording ? 'Send to the inspected server' : 'Send again'))
  const isText = textOf(request.bytes) !== undefined
  const editor = el('textarea', { rows: '8', spellcheck: 'false', 'aria-label': 'The request, as it will be sent' })
  editor.value = isText ? new TextDecoder().decode(request.bytes).replaceAll('\r\n', '\n') : ''
  editor.hidden = !isText
  const button = el('button', { type: 'button' }, 'Send')
  const place = el('div', { role: 'status' })
  button.addEventListener('click', () => {
    const bytes = isText ? edited(editor.value, request) : request.bytes
    place.replaceChildren(el('p', { class: 'hint busy' }, 'Under way …'))
    void sendBytes(bytes).then((result) => place.replaceChildren(...result))
  })
  details.append(editor, el('p', {}, button), place)
  return details
}

/** The head with its line ends restored; content stays as it was typed. */
function edited(text: string, { bytes }: Told): Uint8Array {
  const same = new TextDecoder().decode(bytes).replaceAll('\r\n', '\n') === text
  if (same) return bytes
  const end = text.indexOf('\n\n')
  const [head, content] = end < 0 ? [text, ''] : [text.slice(0, end + 2), text.slice(end + 2)]
  return new TextEncoder().encode(head.replaceAll('\n', '\r\n') + content)
}

async function sendBytes(bytes: Uint8Array): Promise<HTMLElement[]> {
  const method = /^\S+/.exec(new TextDecoder().decode(bytes.subarray(0, 100)))?.[0] ?? 'GET'
  const response = await fetch(`api/send/${encodeURIComponent(method)}`, { method: 'POST', body: bytes as BodyInit })
  if (!response.ok) return [el('p', { class: 'verdict bad' }, await response.text())]
  const { received, total, ms } = (await response.json()) as { received: string; total: number; ms: number }
  const answer = fromBase64(received)
  return [
    el('p', { class: 'thin' }, `${formatBytes(total)} in ${formatMs(ms)}`),
    wireText(answer, readBytes(answer, 'response', { methods: [method] }), total - answer.length),
  ]
}
