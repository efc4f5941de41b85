import type { Browser, Page } from 'playwright-core'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { formatBytes } from '@spillway/inspect/model'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { tries } from '../src/lab/tries.ts'
import { reasons } from '@spillway/inspect/model'
import { type Built, buildLab } from './built.ts'
import { visit } from './visit.ts'

let built: Built
let browser: Browser
let lab: Lab
let page: Page
let complaints: string[] = []

// One lab and one page for all of them, as for a visitor who tries one button after another.
withTools(chromium)('do it yourself', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    built = await buildLab({ server: false })
    browser = await launchChromium()
    lab = await startLab({ root: built.root, port: 0, timeouts: { head: 2_500, keepAlive: 60_000, linger: 200 } })
    page = await visit(browser, lab.url, complaints)
    await page.waitForSelector('#live[data-state=live]')
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await lab?.close(50)
    built?.remove()
  })

  it('has a button for each thing that the lab’s client can do, and no other', async () => {
    const names = await page
      .locator('[data-try]')
      .evaluateAll((buttons: any[]) => buttons.map((button) => button.dataset.try as string))
    expect(new Set(names)).toEqual(new Set(tries.keys()))
    expect(names).toHaveLength(tries.size)
  })

  it.each([...tries])('shows %s: what was sent, what came back, and why', async (name, { title }) => {
    await page.locator(`[data-try="${name}"]`).click()
    await page.locator('#details', { hasText: 'All over after' }).waitFor()
    expect(await page.locator('#inspector-title').textContent()).toBe(title)
    // Every connection shown ended for the reason that the server recorded, with its error if there was one.
    const shown = await page.locator('#details .run').all()
    expect(shown.length).toBeGreaterThan(0)
    for (const run of shown) {
      const id = Number((await run.locator('summary b').textContent())!.slice(1))
      const closed = () => lab.recorder.state.closed.find((connection) => connection.id === id)
      await expect.poll(() => closed()?.close, { timeout: 10_000 }).toBeDefined()
      const { close, error, bytesIn, bytesOut } = closed()!
      await run.locator('.verdict', { hasText: reasons[close!.reason].sentence }).waitFor({ state: 'attached' })
      const errors = (await run.locator('.error').allTextContents()).map((text) => text.split('. ', 1)[0])
      expect(errors).toEqual(error ? [`${error.code} at byte ${error.offset}`] : [])
      // The wrong byte is marked if it is among those shown.
      expect(await run.locator('.t-wrong').count()).toBe(error && error.offset < 4096 ? 1 : 0)
      // After a refusal or a timeout, not all that was sent is read, and a client that leaves does not read all that the server sends.
      const [sent, got] = (await run.locator('.wire-head').allTextContents()).map((text) => text.replace(/Byte.*/, ''))
      expect(sent).toContain(/client-asked|http-1.0/.test(close!.reason) ? `Sent, ${formatBytes(bytesIn)}` : 'Sent, ')
      expect(got).toContain(close!.reason === 'client-reset' ? 'Received, ' : `Received, ${formatBytes(bytesOut)}`)
    }
    // While the server was away, the page tried to reach it.
    if (name === 'drain') complaints = complaints.filter((text) => !/ERR_|Failed to load/.test(text))
    expect(complaints).toEqual([])
  })
})
