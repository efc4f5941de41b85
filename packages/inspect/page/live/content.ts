// The content of a message: decoded, and shown according to its type, never as markup.
import { formatBytes, plural } from '../../src/model/format.ts'
import { type Told, contentCodings, fieldOf, joined } from '../../src/model/messages.ts'
import { type FormPart, eventsOf, partsOf } from '../../src/model/parts-of.ts'
import { readBytes } from '../../src/model/tokens.ts'
import { el } from '../shared/dom.ts'
import { wireText } from '../shared/wire-text.ts'
import type { Store } from './store.ts'

/** Most parts of a form, or events, that are shown. */
const most = 100
/** Most bytes that decoding may produce. */
const mostDecoded = 4 * 1024 * 1024

export function contentDetails(told: Told, store: Store): HTMLElement[] {
  const { content: bytes, complete } = told
  if (bytes.length === 0) return []
  const type = fieldOf(told, 'content-type') ?? ''
  const codings = contentCodings(told)
  const size = `${formatBytes(bytes.length)}${complete ? '' : ', not all of it'}`
  const title = el('h3', {}, `Content, ${size}${codings.length > 0 ? `, in ${codings.join(', ')}` : ''}`)
  const place = el('div', { class: 'content' })
  if (codings.length === 0) place.append(...shown(bytes, type))
  else
    void decoded(codings, bytes, store.server.tools === true).then((plain) =>
      place.append(...(plain ? shown(plain, type) : [cannot(codings), raw(bytes)])),
    )
  return [title, place]
}

function cannot(codings: readonly string[]): HTMLElement {
  return el('p', { class: 'hint' }, `The part that was kept cannot be decoded from ${codings.join(', ')}.`)
}

/** Decodes in reverse order: the coding applied last comes first (RFC 9110 §8.4). */
async function decoded(
  codings: readonly string[],
  bytes: Uint8Array,
  isServerAsked: boolean,
): Promise<Uint8Array | undefined> {
  let plain: Uint8Array | undefined = bytes
  for (const coding of codings.toReversed().slice(0, 4))
    plain = plain && (await (isServerAsked ? decodedByServer(coding, plain) : decodedHere(coding, plain)))
  return plain
}

async function decodedByServer(coding: string, bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const request = { method: 'POST', body: bytes as BodyInit }
  const response = await fetch(`api/decode/${encodeURIComponent(coding)}`, request).catch(() => undefined)
  // Undefined if the bytes are not in this coding.
  return response?.status === 200 ? new Uint8Array(await response.arrayBuffer()) : undefined
}

/** For codings that browsers can decode themselves; limited to as many bytes as when a server decodes. */
async function decodedHere(coding: string, bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const format = ({ gzip: 'gzip', 'x-gzip': 'gzip', deflate: 'deflate' } as const)[coding]
  if (format === undefined) return undefined
  const pieces: Uint8Array[] = []
  let size = 0
  const reader = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream(format)).getReader()
  try {
    for (let piece; (piece = await reader.read()).value !== undefined;) {
      pieces.push(piece.value)
      if ((size += piece.value.length) > mostDecoded) return undefined
    }
    return joined(pieces)
  } catch {
    return undefined
  } finally {
    void reader.cancel().catch(() => {})
  }
}

/** Content that does not match its type is shown as text, or as bytes. */
function shown(bytes: Uint8Array, type: string): HTMLElement[] {
  if (/^image\/(?:png|jpeg|gif|webp|avif)\b/i.test(type)) return [imageOf(bytes, type)]
  if (/^multipart\//i.test(type)) {
    const parts = partsOf(bytes, type)
    if (parts) return parts.slice(0, most).flatMap(partDetails)
  }
  const text = textOf(bytes)
  if (text === undefined) return [raw(bytes)]
  if (/^text\/event-stream\b/i.test(type)) return [eventList(text)]
  if (/\bjson\b/i.test(type)) return [el('pre', { tabindex: '0' }, pretty(text))]
  if (/^application\/x-www-form-urlencoded\b/i.test(type)) return [fieldList([...new URLSearchParams(text)])]
  return [el('pre', { tabindex: '0' }, text)]
}

/** Draws the image on a canvas, as the page may load no images but its own. */
function imageOf(bytes: Uint8Array, type: string): HTMLElement {
  const canvas = el('canvas', { role: 'img', 'aria-label': 'The image that was sent' })
  createImageBitmap(new Blob([bytes as BlobPart], { type: type.split(';', 1)[0]! })).then(
    (image) => {
      const { width, height } = image
      Object.assign(canvas, { width, height })
      canvas.getContext('2d')?.drawImage(image, 0, 0)
      canvas.setAttribute('aria-label', `The image that was sent, ${width} by ${height} pixels`)
      image.close()
    },
    () => {
      const hint = el('p', { class: 'hint' }, 'It is not an image that can be shown, or not all of it was kept.')
      canvas.replaceWith(hint, raw(bytes))
    },
  )
  return canvas
}

function raw(bytes: Uint8Array): HTMLElement {
  // Without a message head, all of it is content.
  return wireText(
    bytes,
    { ...readBytes(new Uint8Array(0), 'request'), tokens: [{ from: 0, to: bytes.length, kind: 'data' }] },
    0,
  )
}

function partDetails({ name, filename, type, content }: FormPart): HTMLElement[] {
  const about = [filename === undefined ? '' : `file ${filename}`, type, formatBytes(content.length)].filter(Boolean)
  const title = el(
    'p',
    {},
    el('code', {}, name ?? 'a part without a name'),
    el('span', { class: 'thin' }, ` ${about.join(', ')}`),
  )
  return [title, ...shown(content, type.startsWith('multipart/') ? '' : type)]
}

function eventList(text: string): HTMLElement {
  const events = eventsOf(text)
  const items = events
    .slice(0, most)
    .map(({ type, id, data }) =>
      el(
        'li',
        {},
        el('code', {}, type),
        ...(id === undefined ? [] : [el('span', { class: 'thin' }, ` id ${id}`)]),
        el('pre', { tabindex: '0' }, pretty(data)),
      ),
    )
  const rest = events.length - items.length
  if (rest > 0) items.push(el('li', {}, `and ${plural(rest, 'event')} more`))
  return el('ol', { class: 'events' }, ...items)
}

export function fieldList(fields: readonly (readonly [name: string, value: string])[]): HTMLElement {
  return el('dl', { class: 'fields' }, ...fields.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]))
}

/** Undefined for bytes that are not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2)
  } catch {
    return text
  }
}
