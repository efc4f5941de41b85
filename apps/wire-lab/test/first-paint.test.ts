import type { Browser, Page } from 'playwright-core'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { type Built, buildLab } from './built.ts'
import { visit } from './visit.ts'

/** What the server may send before it has to wait for an acknowledgement (RFC 6928): a page within it takes one round trip. */
const firstFlight = 10 * 1460
/** Most bytes that a page may load, uncompressed: its scripts include readers for HTTP/1.1, HTTP/2 and WebSocket. */
const mostWeight = 176_000
/** Most pairs of font and size in a page as delivered: a browser looks up each of them before it paints. */
const mostFonts = 10

let built: Built
let browser: Browser
let lab: Lab

interface Timing {
  readonly name: string
  readonly encodedBodySize: number
  readonly decodedBodySize: number
  readonly renderBlockingStatus?: string
}

/** What was loaded for a page, the page itself first. */
const timings = (page: Page) =>
  page.evaluate<Timing[]>(
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].map((entry) => entry.toJSON())",
  )

/** The fonts of the text on a page. */
const fontsOf = (page: Page) =>
  page.evaluate<string[]>(`
    const hasText = ({ childNodes }) => [...childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())
    const fontOf = ({ fontWeight, fontSize, fontFamily }) => [fontWeight, fontSize, fontFamily.split(',')[0]].join(' ')
    ;[...new Set([...document.body.querySelectorAll('*')].filter(hasText).map((one) => fontOf(getComputedStyle(one))))]
  `)

// The time itself depends on the machine; these are its causes.
withTools(chromium)('what stands before the first paint', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    built = await buildLab({ server: false })
    browser = await launchChromium()
    lab = await startLab({ root: built.root, port: 0, sources: new URL('../../../', import.meta.url) })
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await lab?.close(50)
    built?.remove()
  })

  it.each(['/', '/bytes.html', '/many.html', '/loop.html', '/source/packages/core/src/exchange/reply.ts'])(
    'of %s: the page itself, in one flight, and no more',
    async (path) => {
      const page = await visit(browser, lab.url + path, [])
      const [itself, ...others] = await timings(page)
      expect(itself!.encodedBodySize).toBeLessThan(firstFlight)
      expect(others.filter(({ renderBlockingStatus }) => renderBlockingStatus !== 'non-blocking')).toEqual([])
      const weight = [itself!, ...others].reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)
      expect(weight).toBeLessThan(mostWeight)
      await page.context().close()
    },
  )

  it.each(['/', '/bytes.html', '/many.html', '/loop.html'])('of %s: few fonts', async (path) => {
    // Without scripts, the page is as it is when first painted.
    const page = await visit(browser, lab.url + path, [], { javaScriptEnabled: false })
    const fonts = await fontsOf(page)
    expect(fonts.slice(mostFonts)).toEqual([])
    await page.context().close()
  })
})
