/* The list of gaps stays true: an expected failure that passes is an error, and the documentation shows the same list. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { gaps, judge, rowOf } from '../gaps.mjs'

const [suite, check, says] = ['core', 'processes share a port', '`reusePort` needs Node.js 22.12 or 23.1']

test('a gap counts as one', () => {
  const result = judge(suite, 'node@20', { passed: 26, failed: [{ check, error: `Error: ${says}` }] })
  expect(result).toEqual({ passed: 26, gaps: 1, failed: [] })
})

test('another error is not the gap', () => {
  const { failed } = judge(suite, 'node@20', { passed: 26, failed: [{ check, error: 'Error: EACCES' }] })
  expect(failed).toEqual([`${check}: Error: EACCES`])
})

test('a gap that has closed is an error', () => {
  const { failed } = judge(suite, 'node@20', { passed: 27, failed: [] })
  expect(failed).toEqual([expect.stringContaining('this gap has closed')])
})

test('what fails elsewhere is no gap', () => {
  const { failed } = judge(suite, 'node@24', { passed: 26, failed: [{ check, error: `Error: ${says}` }] })
  expect(failed).toHaveLength(1)
})

test.each(gaps)('readers are told: $what', (gap) => {
  const page = readFileSync(new URL('../../../apps/docs/site/conformance.md', import.meta.url), 'utf8')
  expect(page.replaceAll(/ {2,}/g, ' ')).toContain(rowOf(gap))
})
