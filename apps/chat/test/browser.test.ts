import { once } from 'node:events'
import { type AddressInfo, type Socket, connect, createServer } from 'node:net'
import { join } from 'node:path'
import axe, { type AxeResults } from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { aliveEvery } from '../src/events.ts'
import { type Built, buildChat } from './built.ts'
import { Person, folderForTest, startChat } from './support.ts'

/** A folder for screenshots to look at; they are not kept otherwise. */
const shots = process.env['CHAT_SCREENSHOTS']

async function say(page: Page, text: string): Promise<void> {
  await page.getByLabel('Message', { exact: true }).fill(text)
  await page.keyboard.press('Enter')
}

/** Waits until a message is there, and kept. */
async function hears(page: Page, text: string): Promise<void> {
  const message = page.locator('#messages li:not(:has(.waits)) .text', { hasText: text })
  await message.waitFor()
  expect(await message.count()).toBe(1)
}

function texts(page: Page): Promise<string[]> {
  return page.locator('#messages .text').allTextContents()
}

/** A line to a server on which nothing moves any more while it is held, and no connection ends. */
async function lineTo(port: number): Promise<{ port: number; hold(): void; release(): void }> {
  const sockets = new Set<Socket>()
  let isHeld = false
  const line = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (piece) => to.write(piece)).on('end', () => to.end())
      from.on('error', () => to.destroy()).on('close', () => sockets.delete(from))
      if (isHeld) from.pause()
    }
  })
  line.listen(0, '127.0.0.1')
  await once(line, 'listening')
  onTestFinished(() => {
    line.close()
    for (const one of sockets) one.destroy()
  })
  return {
    port: (line.address() as AddressInfo).port,
    hold() {
      isHeld = true
      for (const one of sockets) one.pause()
    },
    release() {
      isHeld = false
      for (const one of sockets) one.resume()
    },
  }
}

withTools(chromium)('two people in browsers', { timeout: 90_000 }, () => {
  let built: Built
  let browser: Browser
  let complaints: string[] = []

  beforeAll(async () => {
    built = await buildChat()
    browser = await launchChromium()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    built?.remove()
  })

  async function comeIn(url: string, name: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    onTestFinished(() => context.close())
    context.setDefaultTimeout(20_000)
    const page = await context.newPage()
    await page.clock.install()
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(url)
    await page.getByLabel('Name', { exact: true }).fill(name)
    await page.getByLabel('Password').fill('open sesame')
    await page.getByRole('button', { name: 'Enter' }).click()
    await page.locator('#live[data-state=socket], #live[data-state=events]').waitFor()
    return page
  }

  test('talk, see each other, and go on through a restart without a loss', async () => {
    complaints = []
    const data = folderForTest()
    const first = await startChat({ data, page: built.page })
    const { url, port } = first.server
    const [ann, ben] = [await comeIn(url, 'Ann'), await comeIn(url, 'Ben')]
    await ann.locator('#people-list', { hasText: 'Ben' }).waitFor()
    await say(ann, 'Hello, Ben')
    await hears(ben, 'Hello, Ben')
    await ben.getByLabel('Message', { exact: true }).pressSequentially('Hel')
    await ann.getByText('Ben is typing').waitFor()
    await say(ben, 'Hello, Ann: <b>look</b> at https://example.org/a?b, and `code`')
    await hears(ann, 'Hello, Ann')
    expect(await ann.locator('#messages a').getAttribute('href')).toBe('https://example.org/a?b')
    expect(await ann.locator('#messages b').count()).toBe(0)

    // The server goes while both write.
    await first.close({ deadline: 0 })
    await ann.getByText('connection lost, trying again').waitFor()
    await say(ann, 'Are you still there?')
    await ann.getByText('1 message waits').waitFor()
    await say(ben, 'I wait')
    await startChat({ data, page: built.page, port })
    await hears(ben, 'Are you still there?')
    await hears(ann, 'I wait')
    await hears(ann, 'Are you still there?')
    await ann.locator('#unsent', { hasText: /^$/ }).waitFor({ state: 'attached' })
    const seen = await texts(ann)
    expect(seen).toEqual(await texts(ben))
    expect(seen.length).toBe(4)
    expect(complaints).toEqual([])
  })

  test.each(['socket', 'events'])('a server that is silent is one that has gone: by %s', async (by) => {
    const { server } = await startChat({ data: folderForTest(), page: built.page })
    const line = await lineTo(server.port)
    const ann = await comeIn(`http://127.0.0.1:${line.port}/?by=${by}`, 'Ann')
    await ann.locator(`#live[data-state=${by}]`).waitFor()
    line.hold()
    // Nothing says that the line is dead, but the time that passes.
    await ann.clock.fastForward(2 * aliveEvery)
    expect(await ann.locator('#live').textContent()).toMatch(/^live/)
    await ann.clock.fastForward(aliveEvery)
    await ann.getByText('connection lost, trying again').waitFor()
    line.release()
    await ann.locator(`#live[data-state=${by}]`).waitFor()
    await say(ann, 'Here I am again')
    await hears(ann, 'Here I am again')
  })

  test('one of them by events, where WebSockets do not pass', async () => {
    const { server } = await startChat({ data: folderForTest(), page: built.page })
    const ann = await comeIn(server.url, 'Ann')
    const context = await browser.newContext()
    onTestFinished(() => context.close())
    // As a proxy that knows no upgrade.
    await context.addInitScript(
      'window.WebSocket = class extends EventTarget { constructor() { super(); setTimeout(() => this.dispatchEvent(new Event("close"))) } close() {} }',
    )
    const ben = await context.newPage()
    await ben.goto(server.url)
    await ben.getByLabel('Name', { exact: true }).fill('Ben')
    await ben.getByLabel('Password').fill('open sesame')
    await ben.getByRole('button', { name: 'Enter' }).click()
    await ben.getByText('live, by events').waitFor()
    await say(ben, 'I come by events')
    await hears(ann, 'I come by events')
    await say(ann, 'And I by a socket')
    await hears(ben, 'And I by a socket')
    expect(await texts(ben)).toEqual(['I come by events', 'And I by a socket'])
  })

  test('find rooms, what is new there, and what was said before', async () => {
    const { server } = await startChat({ data: folderForTest(), page: built.page })
    const [ann, ben] = [await comeIn(server.url, 'Ann'), await comeIn(server.url, 'Ben')]
    await ann.getByPlaceholder('New room').fill('Tea time')
    await ann.getByRole('button', { name: 'Make the room' }).click()
    await ann.locator('#room', { hasText: 'tea-time' }).waitFor()
    await ann.getByText('Nothing has been said here yet').waitFor()
    await say(ann, 'Who wants some?')
    await ben.locator('#room-list a', { hasText: 'tea-time' }).getByText('1').waitFor()
    expect(await ben.title()).toBe('(1) #general – Spillway chat')
    await ben.locator('#room-list a', { hasText: 'tea-time' }).click()
    await hears(ben, 'Who wants some?')
    await ben.locator('#room-list .badge').waitFor({ state: 'detached' })
    const carl = await Person.signIn(server.url, 'Carl')
    for (let i = 1; i <= 80; i++)
      await carl.post('/api/rooms/tea-time/messages', { key: `key-number-${i}`, text: `Cup number ${i}` })
    await ben.reload()
    await hears(ben, 'Cup number 80')
    expect((await texts(ben)).length).toBe(50)
    await ben.locator('#frame').evaluate((frame) => frame.scrollTo(0, 0))
    await hears(ben, 'Who wants some?')
    expect((await texts(ben)).length).toBe(81)
    await ben.getByRole('button', { name: 'Sign out' }).click()
    await ben.getByRole('heading', { name: 'Come in' }).waitFor()
    await ben.reload()
    await ben.getByRole('heading', { name: 'Come in' }).waitFor()
  })

  test('whoever takes the name of another is told so', async () => {
    const { server } = await startChat({ data: folderForTest(), page: built.page })
    await Person.signIn(server.url, 'Ann', 'another password')
    const context = await browser.newContext()
    onTestFinished(() => context.close())
    const page = await context.newPage()
    await page.goto(server.url)
    await page.getByLabel('Name', { exact: true }).fill('Ann')
    await page.getByLabel('Password').fill('open sesame')
    await page.getByRole('button', { name: 'Enter' }).click()
    await page.getByText('Somebody else has that name').waitFor()
    expect(await page.locator('#chat').isVisible()).toBe(false)
  })

  test.each([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['phone', { colorScheme: 'light', viewport: { width: 360, height: 700 }, hasTouch: true, isMobile: true }],
  ] as const)('the page is for everybody: %s', async (name, options) => {
    const { server, close } = await startChat({ data: folderForTest(), page: built.page })
    const people = await Promise.all(['Ben', 'Chloé', 'Dai'].map((one) => Person.signIn(server.url, one)))
    const said: [number, string][] = [
      [0, 'Morning! The gateway has been up for 40 days.'],
      [1, 'And nobody noticed the three restarts in between.'],
      [1, 'See https://example.org/uptime'],
      [2, 'How do I drain a server? `kill -TERM`, and then?'],
      [0, 'Nothing. It finishes what is under way, and goes.'],
      [0, 'So I can go home.'],
    ]
    for (const [i, [who, text]] of said.entries())
      await people[who]!.post('/api/rooms/general/messages', { key: `key-number-${i}`, text })
    for (const room of ['deploys', 'tea-time', 'random']) await people[0]!.post('/api/rooms', { name: room })
    await people[0]!.post('/api/rooms/deploys/messages', { key: 'key-number-9', text: 'done' })
    for (const person of people) await person.enter('general')

    const door = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    onTestFinished(() => door.close())
    const atTheDoor = await door.newPage()
    await atTheDoor.goto(server.url)
    await atTheDoor.getByRole('heading', { name: 'Come in' }).waitFor()
    const page = await comeIn(server.url, 'Ann', options)
    await say(page, 'That is how I like it.')
    await hears(page, 'That is how I like it.')
    await page.locator('.count', { hasText: '4' }).first().waitFor({ state: 'attached' })
    if (shots !== undefined) {
      await atTheDoor.screenshot({ path: join(shots, `door-${name}.png`) })
      await page.screenshot({ path: join(shots, `${name}.png`) })
    }
    const views = [atTheDoor, page]
    if (name === 'phone') {
      await page.getByRole('button', { name: 'Rooms' }).click()
      await page.locator('#room-list a', { hasText: 'deploys' }).waitFor()
      if (shots !== undefined) {
        await page.waitForTimeout(300)
        await page.screenshot({ path: join(shots, 'phone-rooms.png') })
      }
    }
    const { width } = page.viewportSize()!
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    await close({ deadline: 0 })
    await page.getByText('connection lost, trying again').waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    if (shots !== undefined) await page.screenshot({ path: join(shots, `${name}-lost.png`) })
    for (const view of views) {
      const { violations } = await view.evaluate<AxeResults>(`${axe.source}; axe.run()`)
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([])
    }
  })
})
