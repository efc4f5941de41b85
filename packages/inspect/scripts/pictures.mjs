// Makes the pictures of the README, in light and dark: a small shop with clients of several kinds, and one of its requests.
//   node packages/inspect/scripts/pictures.mjs [folder, default packages/inspect/docs]        after a build; Chromium has to be installed
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { serve } from '@spillway/core'
import { compression } from '@spillway/middleware/compression'
import { logger } from '@spillway/middleware/logger'
import { router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'
import { launchChromium } from '@spillway/vitest-config/chromium'
import { inspector } from '../dist/index.js'

const folder = process.argv[2] ?? fileURLToPath(new URL('../docs', import.meta.url))

async function user(c) {
  console.log(`looking for user ${c.params.id}`)
  await sleep(40)
  return c.json({ id: c.params.id, name: 'Ada', about: 'x'.repeat(2000) })
}

let link = ''
const app = router()
  .use(inspector({ print: (line) => (link = line.replace(/^Inspector: /, '')) }))
  .use(logger())
  .use(compression())
  .use(secureHeaders())
  .get('/users/:id', (c) => user(c))
  .get('/slow', async (c) => c.text(await sleep(2500, 'late', { signal: c.signal })))
  .post('/upload', async (c) => c.text(String((await c.body.bytes()).length)))
  .get('/', (c) => c.text('hello'))

const server = await serve(app, { host: '127.0.0.1', port: 0, timeouts: { head: 5_000 } })
const browser = await launchChromium()
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 960 } })
  await page.goto(link.replace('http://<this server>', server.url))
  await page.waitForSelector('#live[data-state=live]')
  await Promise.all([
    keptConnection(),
    single('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 1000),
    single('GET / HTTP/1.1\r\nX-Slow: ', 2000),
    single('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 4000),
    pieces(),
    single('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n', 7000),
    single('GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 8000),
  ])
  await page.locator('#log tr', { hasText: '/users/7' }).first().locator('button').click()
  await page.locator('#details [data-exchange]').last().click()
  await page.locator('#details .times li').first().waitFor()
  await page.evaluate('scrollTo(0, 0)')
  await page.screenshot({ path: join(folder, 'request.png') })
  await page.emulateMedia({ colorScheme: 'dark' })
  // Colours change gradually.
  await sleep(500)
  await page.screenshot({ path: join(folder, 'request-dark.png') })
} finally {
  await browser.close()
  await server.close({ deadline: 100 })
}
// Logging may hold the process.
process.exit()

/** A client that comes back on its connection. */
async function keptConnection() {
  const socket = open()
  for (const id of [1, 2, 3, 7]) {
    socket.write(`GET /users/${id} HTTP/1.1\r\nHost: shop.example\r\nAccept-Encoding: gzip\r\n\r\n`)
    await sleep(2200)
  }
}

/** Content that arrives bit by bit. */
async function pieces() {
  await sleep(5000)
  const socket = open()
  socket.write('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n')
  for (let i = 0; i < 4; i++) {
    socket.write('0123456789')
    await sleep(700)
  }
  socket.end()
}

/** Sends this after some milliseconds. */
async function single(bytes, after) {
  await sleep(after)
  const socket = open()
  await once(socket, 'connect')
  socket.write(bytes)
}

function open() {
  return connect(server.port, '127.0.0.1')
    .on('error', () => {})
    .resume()
}
