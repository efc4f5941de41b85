import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Server, serve } from '@spillway/core'
import { router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import axe, { type AxeResults } from 'axe-core'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'

const dist = fileURLToPath(new URL('../dist', import.meta.url))
const isBuilt = existsSync(`${dist}/index.html`)
if (!isBuilt)
  console.error('The site is not built: tests of its pages are skipped (npm run build -- --filter=@spillway/docs)')

/** Waits until nothing moves any more. What has just begun to change is animated from the next frame on. */
const settled = `new Promise(requestAnimationFrame).then(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)))`

describe.skipIf(!isBuilt)('the site', { timeout: 60_000 }, () => {
  withTools(chromium)('in a browser', () => {
    let server: Server
    let browser: Browser
    beforeAll(async () => {
      server = await serve(router().get('/:path*', staticFiles(dist, { cleanUrls: true })), { port: 0 })
      browser = await launchChromium()
    })
    afterAll(async () => {
      await browser?.close()
      await server?.close({ deadline: 0 })
    })

    test.each([
      ['light', '/'],
      ['dark', '/'],
      ['light', '/guide/deploying'],
      ['dark', '/guide/deploying'],
      ['light', '/packages/middleware/uploads'],
      ['dark', '/packages/middleware/uploads'],
    ] as const)('can be read by everybody: %s, %s', async (colorScheme, path) => {
      const context = await browser.newContext({ colorScheme, viewport: { width: 320, height: 700 } })
      onTestFinished(() => context.close())
      const page = await context.newPage()
      const refused: string[] = []
      page.on('response', (response) => void (response.ok() || refused.push(response.url())))
      await page.goto(server.url + path)
      await page.locator('.VPContent h1, .VPHome').first().waitFor()
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320)
      await page.setViewportSize({ width: 1280, height: 900 })
      // The sidebar fades in.
      await page.evaluate(settled)
      const rules = "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }"
      const { violations } = await page.evaluate<AxeResults>(`${axe.source}; axe.run(${rules})`)
      expect(refused).toEqual([])
      expect(violations.map(({ id, nodes }) => [id, nodes.slice(0, 5).map(({ html }) => html)])).toEqual([])
    })

    test.each([
      ['docker', /Deploying/],
      ['deploy', /Deploying/],
      ['cors', /CORS/],
      ['streaming', /Streaming/],
      ['kubernetes', /Deploying/],
      ['migrate', /Migrating/],
      ['query', /Query parameters/],
      ['upload', /Uploads/],
      ['logging', /Logging/],
      ['cookie', /Cookies/],
    ])('finds %s', async (word, title) => {
      const context = await browser.newContext()
      onTestFinished(() => context.close())
      const page = await context.newPage()
      await page.goto(`${server.url}/guide/listen`)
      await page.getByRole('button', { name: 'Search' }).first().click()
      await page.locator('#localsearch-input').fill(word)
      const first = page.locator('.VPLocalSearchBox .result .titles').first()
      await first.waitFor()
      await expect.poll(() => first.textContent()).toMatch(title)
    })
  })
})
