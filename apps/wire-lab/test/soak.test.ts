import { join } from 'node:path'
import { chromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { soak } from '../soak.mjs'
import { type Built, buildLab } from './built.ts'

let built: Built

// What `soak.mjs` does for ten minutes or more, in a few seconds: lists reach their bounds soon.
withTools(chromium)('a crowd', () => {
  beforeAll(async () => {
    built = await buildLab({ server: true })
  }, 60_000)

  afterAll(() => built?.remove())

  it('leaves the page as large as it was', async () => {
    const main = join(built.folder, 'main.mjs')
    const seen = await soak({ main, seconds: 8, connections: 250, samples: 4 })
    const [, second, , last] = seen
    expect(last!.open).toBeGreaterThan(100)
    expect(last!.requests).toBeGreaterThan(second!.requests)
    // Elements of 400 lanes and 200 lines of the log; text nodes count, too.
    for (const { nodes } of seen) expect(nodes).toBeLessThan(14_000)
    expect(last!.pageMB).toBeLessThan(32)
  }, 90_000)
})
