import { expect, test } from 'vitest'
import { model } from '../src/model.ts'
import { installedFromSources } from './built.ts'

const installed = await installedFromSources()

// Many more: node apps/compat/dist/main.js model 10000
test('whatever is done to a request and its response is seen as with node:http, and ends no process', async () => {
  const { different, survived, seed } = await model(150, installed)
  expect({ different, survived }, `seed ${seed}`).toEqual({ different: [], survived: true })
})
