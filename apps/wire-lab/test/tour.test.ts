import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import axe, { type AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { narration } from '../page/live/narration.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { tries } from '../src/lab/tries.ts'
import { type Built, buildLab } from './built.ts'
import { visit } from './visit.ts'

describe('the narration', () => {
  it('takes about ninety seconds, says something before and during each step, and presses buttons that there are', () => {
    const seconds = narration.reduce((sum, { seconds: [before, during] }) => sum + before + during, 0)
    expect(seconds).toBeGreaterThanOrEqual(80)
    expect(seconds).toBeLessThanOrEqual(100)
    for (const { act, label, before, during, title } of narration) {
      expect(tries.get(act)?.title.startsWith(label)).toBe(true)
      for (const text of [before, during, title]) expect(text.length).toBeGreaterThan(10)
    }
  })
})

withTools(chromium)('the tour', { timeout: 60_000 }, () => {
  let browser: Browser
  let built: Built
  let lab: Lab
  let page: Page
  const complaints: string[] = []

  beforeAll(async () => {
    ;[built, browser] = await Promise.all([buildLab({ server: false }), launchChromium()])
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    built?.remove()
  })
  afterEach(async () => {
    await page?.context().close()
    await lab?.close(50)
    const errors = complaints.splice(0)
    if (errors.length > 0) throw new Error(errors.join('\n'))
  })

  async function open(reducedMotion: 'reduce' | 'no-preference' = 'no-preference'): Promise<void> {
    lab = await startLab({ root: built.root, port: 0 })
    page = await visit(browser, lab.url, complaints, { reducedMotion })
    await page.waitForSelector('#live[data-state=live]')
    await page.locator('#present').click()
    await page.locator('#tour').waitFor()
  }
  const text = (): Promise<string | null> => page.locator('#tour-text').textContent()
  const [first, second] = narration

  it('says what will happen, lets it happen, and says what it was; keys lead through it', async () => {
    await open()
    expect(await text()).toBe(first!.before)
    await page.keyboard.press('ArrowRight')
    expect(await text()).toBe(first!.during)
    await page.locator('#labels button', { hasText: 'as the client asked' }).first().waitFor()
    await page.keyboard.press('PageDown')
    expect(await page.locator('#tour-title').textContent()).toBe(second!.title)
    await page.keyboard.press('ArrowLeft')
    expect(await text()).toBe(first!.before)
    await page.keyboard.press(' ')
    await page.locator('#tour-pause[aria-pressed=true]').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('#tour').waitFor({ state: 'detached' })
    expect(await page.evaluate('document.activeElement.id')).toBe('present')
  })

  it('goes on by itself, and has large lanes in sight of what is said of them', async () => {
    await open()
    await page.locator('#tour-text', { hasText: first!.during }).waitFor()
    const lane = await page.locator('#labels li').first().boundingBox()
    expect(lane!.height).toBe(72)
    const [panel, lanes] = [await page.locator('#tour').boundingBox(), await page.locator('#lanes').boundingBox()]
    expect(lanes!.y).toBeLessThan(panel!.y)
    expect(panel!.y + panel!.height).toBeLessThanOrEqual(960)
    expect(await page.locator('.rail').isVisible()).toBe(false)
  })

  it('waits for whoever wants little motion, and is for everybody', async () => {
    await open('reduce')
    expect(await page.locator('#tour-pause').getAttribute('aria-pressed')).toBe('true')
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      const { violations } = await page.evaluate<AxeResults>(`${axe.source}; axe.run()`)
      expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([])
    }
    await page.setViewportSize({ width: 320, height: 640 })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320)
    expect(await text()).toBe(first!.before)
  })
})
