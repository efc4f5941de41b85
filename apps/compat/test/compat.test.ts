import { expect, test } from 'vitest'
import { compare, compareTool, frameworks, tools } from '../src/compare.ts'
import { installedFromSources } from './built.ts'

const installed = await installedFromSources()

test.each(frameworks)('$name is the same on Spillway as on node:http', async (framework) => {
  const outcomes = await compare(framework, installed)
  expect(outcomes.length).toBeGreaterThan(15)
  expect(outcomes.filter(({ kind }) => kind === 'failed')).toEqual([])
})

test.each(tools)('%s sees the same', async (tool) => {
  expect(await compareTool(tool, installed)).toMatchObject({ kind: 'same' })
})
