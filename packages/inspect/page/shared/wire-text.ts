import type { Reading, Token } from '../../src/model/tokens.ts'
import { el } from './dom.ts'
import { kinds } from './kinds.ts'
import { inSight } from './window.ts'

/** Most bytes of one message that are shown; more would only be scrolled past. */
const mostShown = 4096

/** Bytes as text, each token in the colour of its kind, with the line ends, which matter in HTTP, made visible. */
export function wireText(bytes: Uint8Array, reading: Reading, lost = 0): HTMLElement {
  const pre = el('pre', { class: 'wire', tabindex: '0' })
  const { from, to } = inSight(bytes, reading, mostShown)
  if (from > 0) pre.append(el('span', { class: 'thin' }, `${from} bytes, and then …\n`))
  for (const token of reading.tokens) {
    if (token.to <= from) continue
    if (token.from >= to) break
    const span = el('span', { class: `t-${token.kind}`, title: kinds[token.kind].name })
    span.append(...tokenText(bytes.subarray(Math.max(token.from, from), Math.min(token.to, to)), token))
    pre.append(span)
  }
  const hidden = bytes.length - to + lost
  if (bytes.length === 0) pre.append(el('span', { class: 'thin' }, 'nothing'))
  else if (hidden > 0) pre.append(el('span', { class: 'thin' }, `\n… and ${hidden} bytes more`))
  return pre
}

/** Line ends are shown as characters and then as line breaks. */
function tokenText(bytes: Uint8Array, { kind }: Token): (string | HTMLElement)[] {
  const text = Array.from(bytes, (byte) => printable(byte, kind === 'data' || kind === 'rest')).join('')
  if (kind === 'eol' || kind === 'end') return [el('span', { class: 'eol' }, text), text.endsWith('\\n') ? '\n' : '']
  return [text]
}

/** A byte as text; in content, bytes that cannot be printed are shown as dots. */
function printable(byte: number, content: boolean): string {
  if (byte >= 32 && byte < 127) return String.fromCharCode(byte)
  if (content) return byte === 10 ? '\n' : byte === 13 ? '' : '·'
  if (byte === 13) return '\\r'
  if (byte === 10) return '\\n'
  return byte === 9 ? '\\t' : `\\x${byte.toString(16).padStart(2, '0')}`
}
