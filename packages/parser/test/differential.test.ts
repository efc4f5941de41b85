import { expect, test } from 'vitest'
import { compare } from '../fuzz/differential.mjs'
import * as api from '../src/index.ts'

test('every disagreement with llhttp and http-parser-js is explained', () => {
  const { inputs, open } = compare(api, 20261123, (n: number) => n === 5000)
  expect(inputs).toBe(5000)
  expect(open).toEqual([])
})
