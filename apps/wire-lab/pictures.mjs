// Makes the pictures of the lab that the documents show:
//   node apps/wire-lab/pictures.mjs [folder, default apps/wire-lab/docs]        after a build; Chromium has to be installed
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { launchChromium } from '@spillway/vitest-config/chromium'
import { startLab } from './lab-process.mjs'

const folder = process.argv[2] ?? fileURLToPath(new URL('docs', import.meta.url))
const { server, url } = await startLab(fileURLToPath(new URL('dist/main.js', import.meta.url)))
const browser = await launchChromium()
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 960 }, colorScheme: 'light' })
  await page.goto(url)
  await page.waitForSelector('#live[data-state=live]')
  const buttons = ['Three at once', 'Head without end', 'Pipelining', 'HTTP/2: many at once', 'Slow client']
  for (const name of [...buttons, 'Client leaves', 'WebSocket', 'Chunked upload', 'Two lengths']) {
    await page.locator('button', { hasText: name }).first().click()
    await sleep(900)
  }
  await page.evaluate('scrollTo(0, 0)')
  await page.mouse.move(0, 0)
  await sleep(300)
  await page.screenshot({ path: join(folder, 'live.png') })

  await page.goto(new URL('bytes.html', url).href)
  await page.locator('select').selectOption({ label: 'Two lengths (CL + TE)' })
  // Its content is fetched when it is seen.
  await page.locator('#others').scrollIntoViewIfNeeded()
  await page.waitForSelector('#others .risky')
  await page.evaluate('scrollTo(0, 0)')
  await page.screenshot({ path: join(folder, 'bytes.png'), fullPage: true })

  await page.goto(url)
  await page.waitForSelector('#live[data-state=live]')
  await page.locator('button', { hasText: 'Present' }).first().click()
  // To what happens in the first step, to the second, and to what happens in that.
  for (let i = 0; i < 3; i++) {
    await page.locator('button', { hasText: 'Next' }).click()
    await sleep(1500)
  }
  await sleep(1000)
  await page.screenshot({ path: join(folder, 'tour.png') })
} finally {
  await browser.close()
  server.kill()
}
