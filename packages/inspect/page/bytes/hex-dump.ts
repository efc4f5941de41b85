import type { Reading, Token } from '../../src/model/tokens.ts'
import { el } from '../shared/dom.ts'
import { inSight } from '../shared/window.ts'

/** Bytes in a row. */
const rowBytes = 16
/** Bytes shown. */
const mostShown = 4096

/** Rows of bytes in hexadecimal and as text; each run of one token is an element that names it. */
export function hexDump(bytes: Uint8Array, reading: Reading): HTMLElement[] {
  const { tokens } = reading
  const rows: HTMLElement[] = []
  const shown = inSight(bytes, reading, mostShown)
  if (shown.from > 0) rows.push(el('p', { class: 'thin' }, `${shown.from} bytes, and then`))
  let index = 0
  for (let { from } = shown; from < shown.to; from += rowBytes) {
    const to = Math.min(shown.to, from + rowBytes)
    const hex = el('span', { class: 'hex' })
    const text = el('span', { class: 'ascii' })
    for (let at = from; at < to;) {
      while (tokens[index] && tokens[index]!.to <= at) index++
      const token = tokens[index]!
      const end = Math.min(to, token.to)
      hex.append(run(bytes.subarray(at, end), token, index, hexText))
      if (end < to) hex.append(' ')
      text.append(run(bytes.subarray(at, end), token, index, asciiText))
      at = end
    }
    rows.push(el('div', { class: 'row' }, el('span', { class: 'at' }, from.toString(16).padStart(4, '0')), hex, text))
  }
  if (shown.to < bytes.length) rows.push(el('p', { class: 'thin' }, `… and ${bytes.length - shown.to} bytes more`))
  return rows
}

function run(bytes: Uint8Array, { kind }: Token, index: number, text: (bytes: Uint8Array) => string): HTMLElement {
  return el('span', { class: `t-${kind}`, 'data-token': String(index) }, text(bytes))
}

function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

function asciiText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '·')).join('')
}
