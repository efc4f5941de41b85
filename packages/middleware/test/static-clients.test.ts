import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Middleware, wrap } from '@spillway/middleware'
import { memoryFiles, staticFiles } from '@spillway/middleware/static'
import type { Browser, Page } from 'playwright-core'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { findTool, spawn, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { start } from './server.ts'

interface Seen {
  readonly path: string
  readonly range: string | null
  readonly status: number
}

/** Writes down what is asked for and how it is answered. */
function noting(seen: Seen[]): Middleware {
  return async (c, next) => {
    const reply = await next()
    seen.push({ path: c.path, range: c.headers.get('range'), status: reply.status })
    return reply
  }
}

/** Silence: 8000 bytes a second, no compression, so that time is place. */
function wav(seconds: number): Buffer {
  const head = Buffer.alloc(44)
  const size = seconds * 8000
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + size, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(8000, 24)
  head.writeUInt32LE(8000, 28)
  head.writeUInt16LE(1, 32)
  head.writeUInt16LE(8, 34)
  head.write('data', 36)
  head.writeUInt32LE(size, 40)
  return Buffer.concat([head, Buffer.alloc(size, 128)])
}

/** A name as bundlers make them. */
function hashed(name: string, end: string): string {
  return `${name}-B3x9kQ2${name.length % 10}.${end}`
}

withTools(chromium)('a browser', { timeout: 60_000 }, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  }, 60_000)
  afterAll(() => browser?.close())

  async function open(url: string): Promise<Page> {
    const context = await browser.newContext()
    onTestFinished(() => context.close())
    const page = await context.newPage()
    await page.goto(url)
    return page
  }

  test('seeks in a film without loading all of it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-film-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    // 40 MB, of which a part is wanted near the end.
    writeFileSync(join(folder, 'film.wav'), wav(5000))
    writeFileSync(join(folder, 'index.html'), '<!doctype html><video preload="metadata" src="film.wav"></video>')
    const seen: Seen[] = []
    const server = await start(wrap([noting(seen)], staticFiles(folder)))
    const page = await open(server.url)
    const time = await page.evaluate(`new Promise((resolve, reject) => {
      const video = document.querySelector('video')
      video.onerror = () => reject(new Error(video.error.message))
      video.onseeked = () => resolve([video.duration, video.currentTime])
      const seek = () => { video.currentTime = 4900 }
      if (video.readyState >= 1) seek()
      else video.onloadedmetadata = seek
    })`)
    expect(time).toEqual([5000, 4900])
    const far = seen.filter(({ path, status }) => path === '/film.wav' && status === 206)
    expect(far.some(({ range }) => Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1]) > 30_000_000)).toBe(true)
  })

  test('loads a site of 20 assets with their types, and then from its cache', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
    const files = new Map<string, string>()
    const images = Array.from({ length: 12 }, (_, i) => hashed(`image${'x'.repeat(i)}`, 'svg'))
    const styles = Array.from({ length: 4 }, (_, i) => hashed(`style${'x'.repeat(i)}`, 'css'))
    const modules = Array.from({ length: 4 }, (_, i) => hashed(`module${'x'.repeat(i)}`, 'js'))
    for (const name of images) files.set(name, svg)
    styles.forEach((name, i) => files.set(name, `:root { --style${i}: ${i} }`))
    modules.forEach((name, i) =>
      files.set(name, `globalThis.loaded = (globalThis.loaded ?? 0) + 1; export default ${i}`),
    )
    files.set(
      'index.html',
      `<!doctype html><link rel="icon" href="${images[0]}">
${styles.map((name) => `<link rel="stylesheet" href="${name}">`).join('')}
${modules.map((name) => `<script type="module" src="${name}"></script>`).join('')}
${images.map((name) => `<img src="${name}">`).join('')}`,
    )
    const seen: Seen[] = []
    const server = await start(
      wrap([noting(seen)], staticFiles(memoryFiles(files), { immutable: true, compress: true })),
    )
    const page = await open(server.url)
    const state = `(() => {
      const style = getComputedStyle(document.documentElement)
      return [
        globalThis.loaded,
        [...document.images].filter((image) => image.naturalWidth === 9).length,
        [0, 1, 2, 3].filter((i) => style.getPropertyValue('--style' + i).trim() === String(i)).length,
        performance.getEntriesByType('resource').filter(({ transferSize }) => transferSize > 0).length,
      ]
    })()`
    expect(await page.evaluate(state)).toEqual([4, 12, 4, 20])
    const before = seen.length
    await page.goto('about:blank')
    await page.goto(server.url)
    expect(await page.evaluate(state)).toEqual([4, 12, 4, 0])
    expect(seen.slice(before)).toEqual([{ path: '/', range: null, status: 304 }])
  })

  test('runs no script of a picture that is opened by itself', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" onload="document.title += 1"><script>document.title += 2</script>' +
      '<rect width="9" height="9" onclick="document.title += 3"/></svg>'
    const server = await start(staticFiles(memoryFiles({ 'picture.svg': svg })))
    const page = await open(`${server.url}/picture.svg`)
    await page.locator('rect').click()
    expect(await page.evaluate('[document.documentElement.nodeName, document.title]')).toEqual(['svg', ''])
  })

  test('shows a listing, in light and dark, and goes through it', async () => {
    const files = memoryFiles({ 'a b/c.txt': 'found', '<i>.txt': 'x' })
    const server = await start(staticFiles(files, { listing: true }))
    const page = await open(server.url)
    const colour = 'getComputedStyle(document.body).backgroundColor'
    await page.emulateMedia({ colorScheme: 'light' })
    const light = await page.evaluate(colour)
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await page.evaluate(colour)).not.toBe(light)
    expect(await page.locator('td a').allTextContents()).toEqual(['a b/', '<i>.txt'])
    await page.getByText('a b/').click()
    await page.getByText('c.txt').click()
    expect(await page.locator('body').textContent()).toBe('found')
  })
})

const curl = findTool('curl')

withTools(curl)('with curl', () => {
  test('curl resumes a download where it was left', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-resume-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const content = wav(500)
    writeFileSync(join(folder, 'sound.wav'), content)
    const seen: Seen[] = []
    const server = await start(wrap([noting(seen)], staticFiles(folder)))
    const part = join(folder, 'part')
    writeFileSync(part, content.subarray(0, 1_234_567))
    const download = spawn(curl.path, ['-sS', '-C', '-', '-o', part, `${server.url}/sound.wav`])
    const status = await new Promise((resolve) => download.once('close', resolve))
    expect(status).toBe(0)
    expect(readFileSync(part).equals(content)).toBe(true)
    expect(seen).toEqual([{ path: '/sound.wav', range: 'bytes=1234567-', status: 206 }])
  })
})
