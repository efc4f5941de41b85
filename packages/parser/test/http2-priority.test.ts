import { describe, expect, it, test } from 'vitest'
import { parsePriority } from '../src/http2.ts'

const none = { urgency: 3, incremental: false }

describe('the value of Priority (RFC 9218 §4) is a dictionary (RFC 8941 §3.2)', () => {
  test.each<[value: string, urgency: number, incremental: boolean]>([
    ['u=0', 0, false],
    ['u=7', 7, false],
    ['i', 3, true],
    ['i=?1', 3, true],
    ['i=?0', 3, false],
    ['u=1, i', 1, true],
    ['u=1,i', 1, true],
    ['i ,\tu=1', 1, true],
    // Of several the last one counts, also when it is no use.
    ['u=7, u=1', 1, false],
    ['u=1, u=9', 3, false],
    ['i, i=?0', 3, false],
    // What is out of range, or of another type, is as none.
    ['u=8', 3, false],
    ['u=-1', 3, false],
    ['u=1.0', 3, false],
    ['u=a', 3, false],
    ['u="1"', 3, false],
    ['u=?1', 3, false],
    ['u', 3, false],
    ['u=(1)', 3, false],
    ['u=:MQ==:', 3, false],
    ['i=1', 3, false],
    ['i=a', 3, false],
    ['u=5, i=?0', 5, false],
    // An integer may have zeros in front.
    ['u=05', 5, false],
    // Parameters and members that nobody knows say nothing.
    ['u=1;a;b=2;c="x, u=5", i;d', 1, true],
    ['a, b=1, u=2, c="u=0, i", d=(x "y" ?0);e, *z.-_=:AA==:', 2, false],
    ['c="\\", u=0, \\\\"', 3, false],
  ])('%s', (value, urgency, incremental) => {
    expect(parsePriority(value)).toEqual({ urgency, incremental })
  })

  test.each([
    '',
    ',',
    'u=0,',
    ',u=0',
    'u=0,,i',
    'u=0 i',
    'u=0, ?',
    'u=0, I',
    'U=0',
    'u=0, a=',
    'u=0, a="',
    'u=0, a="\\x"',
    'u=0, a=(1',
    'u=0, a=(1,2)',
    'u=0, a=:!:',
    'u=0, a=?2',
    'u=0, a=1.2345',
    'u=0, a=1234567890123456',
    'u=0, a;B',
    'u =0',
    'u= 0',
    '\u00e9, u=0',
    'u=0\n',
  ])('%j is no dictionary, and is ignored as a whole', (value) => {
    expect(parsePriority(value)).toEqual(none)
    expect(parsePriority(value, { urgency: 6, incremental: true })).toEqual({ urgency: 6, incremental: true })
  })

  it('is read once, however long it is and whatever is in it', () => {
    for (const piece of ['a, ', 'a=(', '(', ' ', '"', '\\"', 'a;', ';a=1', '1', '. ', ':', 'u=1;a=( a b '])
      for (const start of ['', 'u=0, a=(', 'u=0, a="', 'u=0, a=:'])
        expect(parsePriority(start + piece.repeat(16_000))).toEqual(none)
  })
})
