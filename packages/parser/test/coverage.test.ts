import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Vector } from './replay.ts'

const folder = new URL('../vectors/', import.meta.url)
const vectors = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Vector[])
const rows = readFileSync(new URL('COVERAGE.md', folder), 'utf8')
  .split('\n')
  .map((line) => /^\| (§\S+|.*[A-Z].*\d) \| .* \| (.*) \|$/.exec(line))
  .filter((m) => m !== null)
  .map((m) => ({ section: m[1]!, names: [...m[2]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!) }))
const named = rows.flatMap(({ names }) => names)

const matcher = (name: string): RegExp =>
  new RegExp(`^${name.replaceAll(/[.]/g, String.raw`\.`).replaceAll('*', '.*')}$`)

test('every case named in COVERAGE.md exists', () => {
  const missing = named.filter((name) =>
    name.startsWith('test/')
      ? !existsSync(new URL(`../${name}`, import.meta.url))
      : !vectors.some(({ id }) => matcher(name).test(id)),
  )
  expect(rows.length).toBeGreaterThan(95)
  expect(rows.filter(({ names }) => names.length === 0)).toEqual([])
  expect(missing).toEqual([])
})

test('every case names a section, and is named when it is one of those covered', () => {
  expect(vectors.filter(({ rfc }) => !/^RFC \d{4} §\d+(\.\d+)*$/.test(rfc)).map(({ id }) => id)).toEqual([])
  const matchers = named.map(matcher)
  const open = vectors
    .filter(({ rfc }) => /^RFC 9112 §[2-7](\.|$)|^RFC 9110 §5(\.|$)/.test(rfc))
    .filter(({ id }) => !matchers.some((m) => m.test(id)))
  expect(open.map(({ rfc, id }) => `${rfc} ${id}`)).toEqual([])
})

test('identifiers are unique', () => {
  const ids = vectors.map(({ id }) => id)
  expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
})
