// Mistakes in the framing of chunks, and how reading continues after them.
import { CR, HEX, is, isBlank, LF, SEMICOLON } from '../bytes.ts'
import type { Draft } from './draft.ts'
import type { Mended, Rule } from './rule.ts'

/** Removes the rest of the line, starting at `from`. */
function cutLine(draft: Draft, from: number): Mended {
  const end = draft.lineEnd(from)
  if (end < 0) return 'line'
  draft.replace(from, end > from && draft.bytes[end - 1] === CR ? end - 1 : end, '')
  return true
}

/** Removes leading zeros of a size that has too many digits. */
function withoutZeros(draft: Draft, p: number): Mended {
  if (draft.lineEnd(p) < 0) return 'line'
  const { bytes } = draft
  const from = draft.lineStart(p)
  let digit = from
  while (bytes[digit] === 0x30 && is(bytes[digit + 1]!, HEX)) digit++
  if (digit === from) return false
  draft.replace(from, digit, '')
  return true
}

/** The mistakes in the framing of chunks, in addition to those that also occur in heads. */
export type FramingRuleName = 'chunkEnds' | 'chunkSizes' | 'chunkExtensions' | 'largeFraming'

/** How to read after each mistake in the framing of chunks, by the names that profiles use. */
export const framingRules: Readonly<Record<FramingRuleName, Rule>> = {
  chunkEnds: {
    codes: ['CHUNK_END_INVALID'],
    lenient: 'many skip whatever line end is there behind the data, and some need none',
    inFraming: (draft, p) => {
      const c = draft.bytes[p]!
      if (c === LF) draft.replace(p, p, '\r')
      else if (p > 0) draft.replace(p, p, '\n')
      else if (is(c, HEX)) draft.replace(p, p, '\r\n')
      else return false
      return true
    },
  },
  chunkSizes: {
    codes: ['CHUNK_SIZE_INVALID', 'CHUNK_SIZE_TOO_LARGE'],
    lenient: 'many take the first digits that they find as the size of the chunk, and ignore what is around them',
    inFraming: (draft, p, code) => {
      if (code === 'CHUNK_SIZE_TOO_LARGE') return withoutZeros(draft, p)
      const end = draft.lineEnd(p)
      if (end < 0) return 'line'
      const { bytes } = draft
      const from = draft.lineStart(p)
      // before the digits: an empty line, or blanks
      if (p === from) {
        let to = p
        while (isBlank(bytes[to]!)) to++
        if (to === p && (bytes[p] === CR || bytes[p] === LF)) to = bytes[p] === CR && end === p + 1 ? end + 1 : p + 1
        if (to === p) return false
        draft.replace(p, to, '')
        return true
      }
      // after them: what could be a digit, or part of the number, does not end it
      return /[\w.]/.test(draft.text(p, p + 1)) ? false : cutLine(draft, p)
    },
  },
  chunkExtensions: {
    codes: ['CHUNK_EXT_INVALID'],
    lenient: 'nearly all take no notice of extensions',
    inFraming: (draft, p) => {
      let from = draft.lineStart(p)
      while (from < p && draft.bytes[from] !== SEMICOLON && !isBlank(draft.bytes[from]!)) from++
      return cutLine(draft, from)
    },
  },
  largeFraming: {
    codes: [
      'CHUNK_OVERHEAD_TOO_LARGE',
      'CHUNK_EXT_TOO_LARGE',
      'FIELD_LINE_TOO_LONG',
      'TRAILERS_TOO_LARGE',
      'TOO_MANY_TRAILERS',
    ],
    lenient: 'others have other limits',
    isLimit: 'inFraming',
  },
}
