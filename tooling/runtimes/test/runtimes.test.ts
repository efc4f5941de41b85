/* The quick part of tooling/runtimes/run.mjs: this Node and the browser, on the built package. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromium } from '../../vitest/chromium.js'
import { withTools } from '../../vitest/tools.js'
import { prepare, runtimes, type Prepared } from '../run.mjs'

const built = ['parser', 'core', 'middleware'].every((name) =>
  existsSync(new URL(`../../../packages/${name}/dist/index.js`, import.meta.url)),
)
if (!built) process.stderr.write('runtimes: packages are not built (npm run build), so nothing is run\n')

describe.skipIf(!built)('the cases of the parser, on the built package', { timeout: 120_000 }, () => {
  let suite: Prepared
  beforeAll(async () => {
    suite = await prepare('parser')
  })
  afterAll(() => suite.remove())

  test.skipIf(runtimes.every(({ command }) => command?.[0] !== process.execPath))('in this Node', async () => {
    const result = await suite.run(runtimes.find(({ command }) => command?.[0] === process.execPath)!)
    expect(result).toMatchObject({ version: process.versions.node, failed: [] })
    expect(result.passed).toBeGreaterThan(700)
  })

  withTools(chromium)('with a browser', () => {
    test('in Chromium', async () => {
      const result = await suite.run(runtimes.find(({ browser }) => browser)!)
      expect(result.failed).toEqual([])
      expect(result.passed).toBeGreaterThan(700)
    })
  })
})

// Other runtimes come from the registry, so they are for `node tooling/runtimes/run.mjs core` and `middleware`.
describe.skipIf(!built).each([
  ['core', 26],
  ['middleware', 18],
])('the checks of %s, on the packages as they are published', { timeout: 120_000 }, (name, count) => {
  test.skipIf(runtimes.every(({ command }) => command?.[0] !== process.execPath))('in this Node', async () => {
    const suite = await prepare(name)
    try {
      const result = await suite.run(runtimes.find(({ command }) => command?.[0] === process.execPath)!)
      expect(result).toMatchObject({ version: process.versions.node, failed: [] })
      expect(result.passed).toBeGreaterThanOrEqual(count)
    } finally {
      suite.remove()
    }
  })
})
