// Measures when a browser first paints each page of the lab, and compares it with a one-word page, the floor on this machine:
//   node apps/wire-lab/first-paint.mjs [loads, 15]
// after a build. Each load has a browser context, a window and a connection of its own. It needs Chromium on the PATH.
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createServer } from '@spillway/core'
import { launchChromium } from '@spillway/vitest-config/chromium'
import { startLab } from './lab-process.mjs'

const paths = ['/', '/bytes.html', '/many.html', '/loop.html']
/** Milliseconds that a new browser, and a new window of it, are given to settle. */
const [browserRests, windowRests] = [5_000, 600]

/** Milliseconds from the navigation to the first paint with content. */
async function firstPaint(browser, url) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 960 } })
  const page = await context.newPage()
  await sleep(windowRests)
  await page.goto(url)
  const ms = await page.evaluate(`new Promise((resolve) => {
    const observer = new PerformanceObserver((list) => {
      const [painted] = list.getEntriesByName('first-contentful-paint')
      if (painted) resolve(painted.startTime)
    })
    observer.observe({ type: 'paint', buffered: true })
  })`)
  await context.close()
  return ms
}

const middle = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

const loads = Number(process.argv[2] ?? 15)
const word = '<!doctype html><title>One word</title><link rel="icon" href="data:," /><p>Hello</p>'
const floor = createServer((c) => c.html(word))
await floor.listen({ host: '127.0.0.1', port: 0 })
const { server, url } = await startLab(fileURLToPath(new URL('dist/main.js', import.meta.url)))
const browser = await launchChromium()
try {
  await sleep(browserRests)
  const pages = [['one word', floor.url], ...paths.map((path) => [path, url + path])]
  const seen = new Map(pages.map(([name]) => [name, []]))
  // Round-robin, so that other load on the machine affects all pages alike.
  for (let i = 0; i < loads; i++)
    for (const [name, address] of pages) seen.get(name).push(await firstPaint(browser, address))
  for (const [name, values] of seen)
    console.log(`${name}: ${middle(values)} ms in the middle, ${Math.min(...values)} at best`)
} finally {
  await browser.close()
  await floor.close({ deadline: 0 })
  server.kill()
}
