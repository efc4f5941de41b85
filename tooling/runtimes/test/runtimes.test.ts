/* The quick part of tooling/runtimes/run.mjs: this Node and the browser, on the built package. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromium } from '../../vitest/chromium.js'
import { withTools } from '../../vitest/tools.js'
import { prepare, runtimes, type Prepared } from '../run.mjs'

const built = ['parser', 'core'].every((name) =>
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
