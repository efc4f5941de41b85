import { expect, test } from 'vitest'
import { compare } from '../fuzz/differential.mjs'
import { observe } from '../fuzz/observer.mjs'
import * as api from '../src/index.ts'
import { observer, ObservingParser, strict, userAgent } from '../src/observer.ts'

test('every disagreement with llhttp and http-parser-js is explained', () => {
  const { inputs, open } = compare(api, 20261123, (n: number) => n === 5000)
  expect(inputs).toBe(5000)
  expect(open).toEqual([])
})

test('profiles read what a strict reader reads, and tell first what it refuses', () => {
  const { MessageParser, ParseError } = api
  const readers = { MessageParser, ObservingParser, ParseError, profiles: [strict, userAgent, observer] }
  const { inputs, wrong } = observe(readers, 20261129, (n: number) => n === 500)
  expect([inputs, wrong]).toEqual([500, []])
})
