import { describe, expect, test } from 'vitest'
import { expressionsOf, faultsIn } from '../check.mjs'

const faultsOf = (text: string): string[] => faultsIn([{ name: 'code.ts', text }])

describe('regular expressions in code', () => {
  test('are found with their lines, as literals and as text', () => {
    const text = [
      "const word = '[a-z]+'",
      'const a = /b\\/c/gi',
      'const d = new RegExp(`^${word}` + "$", "i")',
      'const e = (text: string) => RegExp(text)',
      'const f = new RegExp(/already seen/)',
      'const g = 1 / 2 / 3 // not /one/',
    ].join('\n')
    expect(expressionsOf(text)).toEqual([
      { line: 2, pattern: 'b\\/c', flags: 'gi' },
      { line: 3, pattern: '^[a-z]+$', flags: 'i' },
      { line: 4, pattern: undefined, flags: '' },
      { line: 5, pattern: 'already seen', flags: '' },
    ])
  })

  test.each([
    ['blanks in front of an end', String.raw`/[ \t]+$/`],
    ['a trim of both ends', String.raw`/^\s+|\s+$/g`],
    ['blanks around a separator', String.raw`/ *, */`],
    ['quantifiers in one another', String.raw`/^(?:a+)+$/`],
    ['alternatives that take the same', String.raw`/^(?:\\.|[^)])*$/`],
    ['neighbours that take the same', String.raw`/^\d+\w+!/`],
    ['an end that may be missing', String.raw`/<a>([^]*?)<\/a>/`],
    ['a look ahead over a run', String.raw`/-(?=[\w-]*\d)[\w-]{8}$/`],
    ['a reference to a run', String.raw`/(a+)\1b/`],
    ['text of constants', 'const run = "x+"; const all = new RegExp(`(${run})+$`)'],
    ['text that comes from elsewhere', 'const of = (text: string) => new RegExp(text)'],
  ])('%s is refused', (_, code) => {
    const faults = faultsOf(code)
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(/^code\.ts:1 .*(?:polynomial|exponential|cannot be judged)/)
  })

  test.each([
    String.raw`/^[ \t]+/`,
    String.raw`/^(?:a|b)+$/`,
    String.raw`/^"(?:[^"\\]|\\.)*"$/`,
    String.raw`/^\d{1,20}$/`,
    'const digits = "[0-9]+"; const all = new RegExp(`^${digits}$`)',
  ])('%s is linear', (code) => {
    expect(faultsOf(code)).toEqual([])
  })
})
