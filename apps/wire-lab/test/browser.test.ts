import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { type Built, buildLab } from './built.ts'
import { visit } from './visit.ts'
import { rawClient } from './clients.ts'

/** A folder in which to keep screenshots; without it, they are not kept. */
const shots = process.env['WIRE_LAB_SCREENSHOTS']
/** Long enough that no connection a browser opens in advance is closed before it is used, however busy the machine is. */
const timeouts = { head: 5_000, keepAlive: 60_000, linger: 200 }

let built: Built
let browser: Browser
let lab: Lab
let page: Page
let complaints: string[]

/** Opens the page and waits until it is live. */
async function visitLive(options: BrowserContextOptions = {}): Promise<Page> {
  const visited = await visit(browser, lab.url, complaints, options)
  await visited.waitForSelector('#live[data-state=live]')
  return visited
}

const row = (text: string) => page.locator('#log tr', { hasText: text }).first()
const details = (text: string) => page.locator('#inspector', { hasText: text }).waitFor()

// Several browsers and other tests may share the machine.
withTools(chromium)('the page', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    built = await buildLab({ server: false })
    browser = await launchChromium()
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    built?.remove()
  })

  beforeEach(async () => {
    complaints = []
    lab = await startLab({ root: built.root, port: 0, timeouts })
    page = await visitLive()
  }, 30_000)

  afterEach(async () => {
    await page.context().close()
    await lab.close(50)
    if (complaints.length > 0) throw new Error(complaints.join('\n'))
  })

  it('shows its own connection, live', async () => {
    // The page shows it while the handler is still at work.
    const own = page.locator('#labels li').first()
    await expect.poll(() => own.textContent()).toMatch(/^#\d+ this page replying for /)
    expect(await page.locator('#n-listen').textContent()).toBe(new URL(lab.url).host)
    await row('GET /events HTTP/1.1').waitFor()
    await row('200 OK, and the content follows').waitFor()
    // The timeline is drawn: some of its pixels are not empty.
    const drawn = await page.locator('#timeline').evaluate((canvas: any) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
      return data.some((value: number) => value > 0)
    })
    expect(drawn).toBe(true)
  })

  it('shows what a stranger does: its bytes, its reply, and why it ended', async () => {
    const text = 'GET /api/time?stranger HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    const received = await rawClient(lab.port, text).received
    await row('GET /api/time?stranger').waitFor()
    expect(await row('GET /api/time?stranger').textContent()).toContain(`${text.length} B`)
    const closed = row('The request said “Connection: close”')
    expect(await closed.textContent()).toContain(`${text.length} B in, ${received.length} B out`)
    await closed.getByRole('button').click()
    await details('The request said “Connection: close”')
    await details('GET /api/time?stranger')
    await details(`200 OK · ${received.length} B`)
  })

  it('shows after a reload what is open', async () => {
    const { socket } = rawClient(lab.port, 'GET /api/time?kept HTTP/1.1\r\nHost: a\r\n\r\n')
    await row('GET /api/time?kept').waitFor()
    await page.reload()
    await row('GET /api/time?kept').getByRole('button').click()
    await details('GET /api/time?kept')
    const chosen = page.locator('#labels li button[aria-pressed=true]')
    await expect.poll(() => chosen.textContent()).toMatch(/idle, \d+ s left$/)
    await details('Open: idle')
    socket.end()
    await details('The client had no more requests and ended the connection.')
  })

  it('makes requests of its own', async () => {
    await page.getByRole('button', { name: 'One request' }).click()
    await details('200 OK in ')
    await details('"time":"20')
    await page.getByRole('button', { name: 'Three at once' }).click()
    await details('GET /api/time?3')
    // The browser chooses how many connections to use; the server reports which one carried each request.
    const shown = await page.locator('#details h3, #details [data-connection]').allTextContents()
    for (const n of [1, 2, 3]) {
      const target = `/api/time?${n}`
      const id = shown[shown.indexOf(`GET ${target}`) + 1]!.replace('Look at connection ', '')
      await row(`GET ${target} `).waitFor()
      expect(await row(`GET ${target} `).locator('.id').textContent()).toBe(id)
    }
    await page.getByRole('button', { name: 'A missing page' }).click()
    await details('404 Not Found in ')
    await row('404 Not Found').waitFor()
    // Chromium itself logs an error for every 404.
    complaints = complaints.filter((text) => !text.includes('/no-such-page'))
  })

  it('can be paused, and catches up', async () => {
    await page.getByRole('button', { name: 'Pause' }).click()
    await rawClient(lab.port, 'GET /api/time?meanwhile HTTP/1.0\r\n\r\n').received
    // The page has received it: its counters change.
    await page.locator('#s-keep', { hasText: '1 closed' }).waitFor()
    expect(await page.locator('#log tr', { hasText: '?meanwhile' }).count()).toBe(0)
    await page.getByRole('button', { name: 'Go on' }).click()
    await row('GET /api/time?meanwhile').waitFor()
  })

  it('can be looked at more closely, and at an earlier time', async () => {
    await rawClient(lab.port, 'GET /api/time?closer HTTP/1.0\r\n\r\n').received
    await row('GET /api/time?closer').waitFor()
    await page.getByRole('button', { name: 'Less time, larger' }).click()
    // 30 s was halved, so none of the fixed spans is selected.
    expect(await page.locator('[data-span][aria-pressed=true]').count()).toBe(0)
    await page.getByRole('button', { name: '10 s' }).click()
    const box = (await page.locator('#timeline').boundingBox())!
    const [x, y] = [box.x + box.width / 2, box.y + 20]
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 60, y, { steps: 4 })
    await page.mouse.up()
    // Dragging means that somebody wants to look at something, so the timeline is paused.
    expect(await page.getByRole('button', { name: 'Go on' }).getAttribute('aria-pressed')).toBe('true')
    await page.keyboard.down('Control')
    await page.mouse.wheel(0, -400)
    await page.keyboard.up('Control')
    await page.locator('[data-span="10"][aria-pressed=false]').waitFor()
    await page.mouse.click(x, y)
    await details('Connection #')
  })

  it('shows the bytes of a stranger’s connection, segment by segment', async () => {
    const { socket } = rawClient(lab.port, 'GET /api/time?first HTTP/1.1\r\nHost: a\r\n\r\n')
    await row('GET /api/time?first').getByRole('button').click()
    await page.locator('#details .wire', { hasText: 'GET /api/time?first' }).waitFor()
    await page.locator('#details .wire', { hasText: 'HTTP/1.1 200 OK' }).waitFor()
    await page.locator('#details', { hasText: 'Received in 1 read' }).waitFor()
    socket.write('GET /api/time?second HTTP/1.1\r\nHost: b\r\n\r\n')
    await page.locator('#details .wire', { hasText: 'GET /api/time?second' }).waitFor()
    await page.getByRole('button', { name: 'Earlier bytes' }).click()
    await page.locator('#details .wire', { hasText: 'GET /api/time?first' }).waitFor()
    expect(await page.locator('#details .exchanges li').count()).toBe(2)
    expect(await page.locator('#details .phases').first().getAttribute('aria-label')).toMatch(
      /^head .+, handler .+, reply /,
    )
    socket.destroy()
  })

  it('shows a crowd whole, and each of it by name', async () => {
    const crowd = Array.from({ length: 70 }, () => rawClient(lab.port, 'GET /api/time HTTP/1.1\r\nHost: a\r\n\r\n'))
    await page.locator('#labels[data-size=thin]').waitFor()
    const list = page.locator('#labels')
    await expect.poll(() => list.locator('li').count()).toBeGreaterThan(70)
    expect(await list.getByRole('button', { name: /^#\d+ idle, \d+ s left$/ }).count()).toBeGreaterThanOrEqual(70)
    // All of it is in sight.
    expect(await page.locator('.scroll').evaluate((box: any) => box.scrollHeight <= box.clientHeight + 1)).toBe(true)
    for (const { socket } of crowd) socket.destroy()
  })

  it('answers what a newcomer asks', async () => {
    // Why did this connection close?
    await page.locator('[data-try="slow-head"]').click()
    await details('The request head did not come in time; a slow or silent client may not hold a place for ever.')
    // Which bytes made this request invalid?
    await page.locator('[data-try="cl-te"]').click()
    await details('CODING_WITH_LENGTH at byte')
    expect(await page.locator('#details .t-wrong').textContent()).toBe('c')
    // What does keep-alive save?
    await page.locator('[data-try="keep-alive"]').click()
    await details('19 handshakes')
    await details('One connection')
    await details('20 replies in')
  })

  it('works from the keyboard, and speaks', async () => {
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the live view')
    await page.keyboard.press('Enter')
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press('Tab')
      if (await page.evaluate("document.activeElement.closest('#labels') !== null")) break
    }
    await rawClient(lab.port, 'GET /api/time?below HTTP/1.0\r\n\r\n').received
    await row('GET /api/time?below').waitFor()
    // The list is one tab stop; the arrow keys move within it.
    const focused = () => page.evaluate<string>("document.activeElement.closest('li')?.textContent")
    const before = await focused()
    await page.keyboard.press('ArrowDown')
    expect(await focused()).not.toBe(before)
    await page.keyboard.press('Home')
    await page.keyboard.press('Enter')
    await details('Connection #')
    expect(await page.evaluate("document.activeElement.getAttribute('aria-pressed')")).toBe('true')
    await rawClient(lab.port, 'GET /api/time HTTP/1.0\r\n\r\n').received
    await page.locator('#announce', { hasText: 'did not ask to keep the connection' }).waitFor({ state: 'attached' })
    for (const name of ['banner', 'main', 'navigation', 'contentinfo', 'table'] as const)
      expect(await page.getByRole(name).count()).toBe(1)
  })

  it('finds the server again when it has been away', async () => {
    const { port } = lab
    await lab.close(50)
    await page.locator('#live[data-state=waiting]').waitFor()
    lab = await startLab({ root: built.root, port, timeouts })
    await page.locator('#live[data-state=live]').waitFor()
    await row('GET /events').waitFor()
    expect(await page.locator('#n-listen').textContent()).toBe(`127.0.0.1:${port}`)
    // The attempts while no server was listening failed.
    complaints = complaints.filter((text) => !/ERR_(?:CONNECTION_REFUSED|INCOMPLETE_CHUNKED_ENCODING)/.test(text))
  })

  it('runs no script but its own', async () => {
    const before = await page.evaluate(`new Promise((resolve) => {
      document.addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective))
      const script = document.createElement('script')
      script.textContent = 'window.stranger = true'
      document.head.append(script)
    })`)
    expect(before).toBe('script-src-elem')
    expect(await page.evaluate('window.stranger')).toBeUndefined()
    complaints = complaints.filter((text) => !text.includes('inline script'))
  })

  it.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['phone', { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
  ] as const)('has a %s look', async (name, options) => {
    const other = await visitLive(options)
    await other.getByRole('button', { name: 'Two Hosts' }).click()
    await other.locator('#inspector', { hasText: '400 Bad Request' }).waitFor()
    expect(await other.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
    const background = await other.evaluate<string>('getComputedStyle(document.body).backgroundColor')
    const [red] = /\d+/.exec(background)!
    expect(Number(red) < 128).toBe(name === 'dark')
    if (shots) {
      mkdirSync(shots, { recursive: true })
      await other.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
    }
    await other.context().close()
  })
})
