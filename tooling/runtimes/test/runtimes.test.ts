/* The quick part of tooling/runtimes/run.mjs: this Node and the browser, and the known gaps of Bun and Deno. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromium } from '../../vitest/chromium.js'
import { findPackage, withTools } from '../../vitest/tools.js'
import { type Packed, type Prepared, pack, runtimes } from '../run.mjs'

const built = ['packages/parser', 'packages/inspect', 'apps/replay'].every((path) =>
  existsSync(new URL(`../../../${path}/dist`, import.meta.url)),
)
if (!built) process.stderr.write('runtimes: packages are not built (npm run build), so nothing is run\n')
const runtime = (name: string) => runtimes.find((one) => one.name === name)!
const thisNode = runtimes.find(({ command }) => command?.[0] === process.execPath)

describe.skipIf(!built)('the packages as they are published', { timeout: 180_000 }, () => {
  let packed: Packed
  beforeAll(() => {
    packed = pack()
  }, 120_000)
  afterAll(() => packed?.remove())

  // For other runtimes, use `node tooling/runtimes/run.mjs`. Templates are tested by tooling/consumer/templates.mjs.
  test.skipIf(!thisNode).each([
    ['core', 26],
    ['middleware', 18],
    ['inspect', 6],
    ['serve', 11],
    ['replay', 6],
  ])('%s, in this Node', async (name, count) => {
    const result = await packed.prepare(name).run(thisNode!)
    expect(result).toMatchObject({ version: process.versions.node, failed: [] })
    expect(result.passed! + result.gaps!).toBeGreaterThanOrEqual(count)
  })

  describe('the cases of the parser', () => {
    let suite: Prepared
    beforeAll(() => {
      suite = packed.prepare('parser')
    }, 60_000)

    test.skipIf(!thisNode)('in this Node', async () => {
      const result = await suite.run(thisNode!)
      expect(result).toMatchObject({ version: process.versions.node, failed: [] })
      expect(result.passed).toBeGreaterThan(700)
    })

    withTools(chromium)('with a browser', () => {
      test('in Chromium', async () => {
        const result = await suite.run(runtime('chromium'))
        expect(result.failed).toEqual([])
        expect(result.passed).toBeGreaterThan(700)
      })
    })
  })

  describe('programs of node:http', () => {
    let suite: Prepared
    beforeAll(() => {
      suite = packed.prepare('node')
    }, 60_000)

    test.skipIf(!thisNode)('in this Node', async () => {
      expect(await suite.run(thisNode!)).toMatchObject({ passed: 6, gaps: 0, failed: [] })
    })

    describe.each(['bun', 'deno'])('%s', (name) => {
      withTools(findPackage(runtime(name).command![2]!))('by npx', () => {
        test('are refused', async () => {
          expect(await suite.run(runtime(name))).toMatchObject({ passed: 0, gaps: 6, failed: [] })
        })
      })
    })
  })
})
