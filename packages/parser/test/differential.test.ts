/*
 * Mutated cases beside other parsers, and through observers. For longer, half of the time each:
 *   PARSER_FUZZ_SECONDS=600 npx vitest run packages/parser/test/differential.test.ts
 */
import { expect, test } from 'vitest'
import { compare } from '../fuzz/differential.mjs'
import { observe } from '../fuzz/observer.mjs'
import { Connection } from '../src/connection.ts'
import * as api from '../src/index.ts'
import { ObservedConnection, observer, ObservingParser, strict, userAgent } from '../src/observer.ts'

const seconds = Number(process.env['PARSER_FUZZ_SECONDS'] ?? 0)
const timeout = seconds * 1000 + 30_000

/** Until so many inputs, or until half of the time is over. */
function until(inputs: number): (count: number) => boolean {
  const end = Date.now() + seconds * 500
  return (count) => (seconds > 0 ? Date.now() > end : count === inputs)
}
const seed = (usual: number): number => (seconds > 0 ? Date.now() >>> 0 : usual)

test('every disagreement with llhttp and http-parser-js is explained', { timeout }, () => {
  const start = seed(20261123)
  const { inputs, open } = compare(api, start, until(5000))
  if (seconds > 0) console.log(`differential: seed ${start}, ${inputs} inputs`)
  expect(inputs).toBeGreaterThanOrEqual(5000)
  expect(open).toEqual([])
})

test('profiles read what a strict reader reads, tell first what it refuses, and each byte once', { timeout }, () => {
  const { MessageParser, ParseError } = api
  const readers = { Connection, MessageParser, ObservedConnection, ObservingParser, ParseError }
  const start = seed(20261129)
  const { inputs, wrong } = observe({ ...readers, profiles: [strict, userAgent, observer] }, start, until(500))
  if (seconds > 0) console.log(`observers: seed ${start}, ${inputs} inputs`)
  expect(wrong).toEqual([])
  expect(inputs).toBeGreaterThanOrEqual(500)
})
