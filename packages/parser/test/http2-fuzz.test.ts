import { expect, test } from 'vitest'
import { fuzz } from '../fuzz/http2.mjs'
import * as api from '../src/http2.ts'

test('mutated connections: nothing is thrown, exceeded, or changed by how the bytes were cut', () => {
  expect(fuzz(api, 42, (inputs) => inputs === 3000).inputs).toBe(3000)
})
