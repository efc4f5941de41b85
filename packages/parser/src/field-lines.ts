// The one fast path of the parser: field lines as usual clients send them, read four bytes at a time.
import { classes, COLON, CR, LF, slot, smaller, SP, TCHAR } from './bytes.ts'
import type { FieldSection } from './field-section.ts'
import { LEAST_COPIED, MOST_COPIED } from './numbers.ts'
import { SLOTS } from './words.ts'

/*
 * The fast way through the field lines of a long head. Its bytes are copied to an array that never changes, so that the
 * compiler knows its address and length; there they are read four at a time. Only lines as nearly everyone writes
 * them are taken. From the first line that differs, be it an error, a limit, a tab or the end, the state machine in
 * field-section.ts reads the original bytes.
 */

// decision 035
// with room for a word that begins at the end
const copy: Uint8Array = /* @__PURE__ */ new Uint8Array(MOST_COPIED + 4)

/** Copies the bytes up to `end` if they start `buf` and that is worth it: no byte is copied twice, however many heads there are. */
export function copied(buf: Uint8Array, start: number, end: number): boolean {
  if (start > 0 || end < LEAST_COPIED || buf.length > MOST_COPIED) return false
  copy.set(buf)
  return true
}

/** Takes the usual field lines after the start line of a head that was {@link copied} from `buf`; < 0 for an error. */
export const usualLines: (section: FieldSection, buf: Uint8Array, end: number) => number = /* @__PURE__ */ (() => {
  const bytes = copy
  const words = new DataView(copy.buffer)
  const table = classes
  return (section: FieldSection, buf: Uint8Array, end: number): number => {
    const { spans, _maxLine: maxLine } = section
    const stop = smaller(spans.length, section._maxFields * 4)
    // no line continues past this byte
    bytes[end] = 0
    // the position of the line feed that the state machine waits for
    let at = section._at
    for (let i = 0; i < stop && bytes[at] === LF; i += 4) {
      const line = at + 1
      let p = line
      while (
        (table[bytes[p]!]! & TCHAR) !== 0 &&
        (table[bytes[++p]!]! & TCHAR) !== 0 &&
        (table[bytes[++p]!]! & TCHAR) !== 0 &&
        (table[bytes[++p]!]! & TCHAR) !== 0
      )
        p++
      if (p === line || bytes[p] !== COLON) break
      const nameEnd = p++
      const value = bytes[p] === SP ? p + 1 : p
      // the highest bit of each byte that is not from SP to `~`; bits above the lowest one may be wrong
      let others: number
      do {
        const word = words.getInt32(p, true)
        others = ((word - 0x20202020) | (word + 0x01010101)) & 0x80808080
        p += 4
      } while (others === 0)
      p -= (Math.clz32(others & -others) >> 3) + 1
      if (bytes[p] !== CR || bytes[p + 1] !== LF || p - line > maxLine) break
      if (bytes[value] === SP || bytes[p - 1] === SP) break
      spans[i] = line
      spans[i + 1] = nameEnd
      spans[i + 2] = value
      spans[i + 3] = p
      section.fieldCount++
      if (((1 << slot(nameEnd - line, bytes[line]!)) & SLOTS) !== 0 && section._field(buf, line, nameEnd, i) < 0)
        return -1
      at = p + 1
    }
    section._at = at
    return 1
  }
})()
