/*
 * The page of the cases is made from them and kept in the repository; that of the error codes is made by tooling/house.
 *   UPDATE_PAGES=1 npx vitest run test/pages.test.ts
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { defaultBodyLimits, defaultHeadLimits, parseErrors, type ParseErrorCode } from '../src/index.ts'
import type { Vector } from './replay.ts'

const folder = new URL('../vectors/', import.meta.url)
const vectors = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Vector[])

const errorOf = (v: Vector): string | undefined => v.error ?? v.expect?.error
const codes = Object.keys(parseErrors) as ParseErrorCode[]

/** What the page in the repository holds, after it was written when that is wanted. */
function page(path: string, content: string): string {
  const url = new URL(path, import.meta.url)
  if (process.env['UPDATE_PAGES'] === '1') writeFileSync(url, content)
  return readFileSync(url, 'utf8')
}

// sorts §10 behind §9
const order = (rfc: string): string => rfc.replace(/\d+/g, (n) => n.padStart(5, '0'))

/** What src/codes.ts says of each code, with its number. */
const explained = [
  ...readFileSync(new URL('../src/codes.ts', import.meta.url), 'utf8').matchAll(
    /\/\*\* (.+) \*\/\nexport const (\w+) = (\d+)/g,
  ),
].map(([, text, code, number]) => ({ text: text!, code: code!, number: Number(number) }))

test('the number of a code is its place in the table', () => {
  expect(explained.map(({ code, number }) => ({ code, number }))).toEqual(
    codes.map((code, i) => ({ code, number: i + 1 })),
  )
})

test('every error has a case', () => {
  const exchanges = readFileSync(new URL('exchanges/connections.json', folder), 'utf8')
  expect(codes.filter((code) => !vectors.some((v) => errorOf(v) === code) && !exchanges.includes(code))).toEqual([])
})

test.each(Object.keys({ ...defaultHeadLimits, ...defaultBodyLimits }))(
  '%s has cases one below it, at it and one above it',
  (limit) => {
    // The two limits for the framing of chunks apply together.
    const name = limit.replace(/^overhead.*/, 'overhead')
    const ids = vectors.map(({ id }) => id.replace(/^(?:body-)?limits\//, ''))
    expect(ids).toEqual(expect.arrayContaining(['below', 'at', 'above'].map((place) => `${name}-${place}`)))
  },
)

test('vectors/README.md maps the sections of the specifications to cases', () => {
  const sections = new Map<string, Vector[]>()
  for (const v of vectors) sections.set(v.rfc, [...(sections.get(v.rfc) ?? []), v])
  const lines = [...sections]
    .toSorted(([a], [b]) => order(a).localeCompare(order(b)))
    .map(([rfc, list]) => {
      const groups = new Map<string, number>()
      for (const v of list) groups.set(v.id.split('/')[0]!, (groups.get(v.id.split('/')[0]!) ?? 0) + 1)
      return `| ${rfc} | ${list.length} | ${[...groups].map(([name, n]) => `${name} (${n})`).join(', ')} |`
    })
  const content = [
    '# Cases',
    '',
    '<!-- The table is made by test/pages.test.ts. -->',
    '',
    'Each case is one object on a line of its own. It has an `id`, the section that it follows from (`rfc`), one sentence (`what`), the',
    '`bytes` (one character per byte; an array is joined, and `[text, count]` in it is repeated), `limits` where they differ from the',
    'defaults, and what to `expect`: facts, `{"error", "offset"}` or `{"incomplete": true}`.',
    '',
    'A case with `kind` is a body, one with `requestMethod` is a response, and one with `messages` is several requests in a row; all',
    'others are request heads. A case with `direction` has all messages of one direction; if these are responses, `methods` are those of the',
    'requests, and `end` says that the connection ends after them. `exchanges` has cases with both directions, `observer` has what',
    'observers read after a mistake, and `calls` has calls of functions: the arguments, and what is returned or thrown.',
    '',
    '`test/replay.ts` replays the cases on any runtime, with the bytes split in every possible way.',
    '[Readers](READERS.md) says how other programs read them, and how to run them there. [Coverage](COVERAGE.md) goes the other',
    'way: from what the specifications require to the cases.',
    '',
    '| Section | Cases | In |',
    '| --- | --- | --- |',
    ...lines,
    '',
  ].join('\n')
  expect(page('../vectors/README.md', content)).toBe(content)
})
