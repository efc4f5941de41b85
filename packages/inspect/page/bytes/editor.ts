// The editor for bytes, with coloured tokens.
import type { Reading } from '../../src/model/tokens.ts'
import { byId, el } from '../shared/dom.ts'
import { parseHex, parseNotation, toHex, toNotation } from './notation.ts'

/** Most characters that are coloured, unless the wrong byte is beyond them. */
const mostColoured = 16_384

/** Two ways to write the same bytes. */
export type Form = 'text' | 'hex'

/** A text field whose characters have the colours of their tokens: coloured text is drawn behind it, in exactly the same place. */
export class Editor {
  readonly #area = byId('source') as HTMLTextAreaElement
  readonly #behind = byId('behind')
  #form: Form = 'text'

  /** @param changed is called when the user has typed. */
  constructor(changed: () => void) {
    this.#area.addEventListener('input', changed)
    this.#area.addEventListener('scroll', () => (this.#behind.scrollTop = this.#area.scrollTop))
  }

  get form(): Form {
    return this.#form
  }

  get bytes(): Uint8Array {
    const { value } = this.#area
    return this.#form === 'text' ? parseNotation(value).bytes : parseHex(value)
  }

  set bytes(bytes: Uint8Array) {
    this.#area.value = this.#form === 'text' ? toNotation(bytes) : toHex(bytes)
  }

  /** Shows the same bytes in the other notation. */
  change(form: Form): void {
    const { bytes } = this
    this.#form = form
    this.bytes = bytes
  }

  /** Selects a byte in the text. */
  show(byte: number): void {
    const at = this.#placeOf(this.#places(), byte)
    this.#area.focus()
    this.#area.setSelectionRange(Math.max(0, at), Math.max(0, at) + 1)
  }

  /** The token that contains the caret; -1 when there is none. */
  tokenAtCaret({ tokens }: Reading): number {
    const byte = this.#places()[this.#area.selectionStart] ?? 0
    return tokens.findIndex(({ from, to }) => from <= byte && byte < to)
  }

  /** Gives every character the colour of its token. */
  paint({ tokens, fault }: Reading): void {
    const { value } = this.#area
    const places = this.#places()
    const parts: (HTMLElement | string)[] = []
    let index = 0
    // Colouring a long text takes longer than the time between two keystrokes; the wrong part is always coloured.
    const most = Math.max(mostColoured, fault ? this.#placeOf(places, fault.at) + 1 : 0)
    for (let i = 0; i < Math.min(value.length, most);) {
      while (tokens[index] && tokens[index]!.to <= places[i]!) index++
      const token = tokens[index]
      const stop = token?.to ?? Infinity
      let end = i + 1
      while (end < value.length && places[end]! < stop) end++
      const text = value.slice(i, end)
      // The wrong byte may be a line break, which would be invisible.
      const attributes = { class: `t-${token?.kind ?? 'rest'}`, 'data-token': String(index) }
      parts.push(el('span', attributes, token?.kind === 'wrong' && text === '\n' ? ' \n' : text))
      i = end
    }
    if (value.length > most) parts.push(value.slice(most))
    // Without this one, a line break at the end of the text would not start another line.
    this.#behind.replaceChildren(...parts, '\n')
    this.#behind.scrollTop = this.#area.scrollTop
  }

  /** The first character of a byte, or -1. */
  #placeOf(places: readonly number[], byte: number): number {
    return places.findIndex((place, i, all) => place <= byte && (all[i + 1] ?? Infinity) > byte)
  }

  /** For each character, the byte that it stands for. */
  #places(): readonly number[] {
    const { value } = this.#area
    if (this.#form === 'text') return parseNotation(value).places
    let digits = 0
    return Array.from(value, (char) => (/[\da-f]/i.test(char) ? digits++ : digits) >> 1)
  }
}
