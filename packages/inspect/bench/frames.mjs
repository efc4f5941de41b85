// How fluent the page is with many connections: node packages/inspect/bench/frames.mjs [connections] [seconds]
// Frames that the page draws each second, and the longest time between two, while each connection is asked every two seconds.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'

const [what, given] = process.argv.slice(2)
const connections = Number(what ?? 500)
const seconds = Number(given ?? 10)

/** The server that is watched, in a process of its own, as the page is. */
async function serve() {
  const { serve: start } = await import('@spillway/core')
  const { inspect } = await import('@spillway/inspect')
  const server = await start((c) => c.text('hello'), { port: 0, timeouts: { keepAlive: 60_000 } })
  const { url } = await inspect(server)
  process.once('disconnect', () => process.exit())
  process.send({ port: server.port, url })
}

async function measure() {
  const child = fork(fileURLToPath(import.meta.url), ['serve'], { env: { ...process.env, NODE_ENV: '' } })
  const [{ port, url }] = await once(child, 'message')
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  })
  const page = await browser.newPage({ viewport: { width: 1440, height: 960 } })
  await page.goto(url)
  await page.waitForSelector('#live[data-state=live]')
  const sockets = Array.from({ length: connections }, () =>
    connect(port, '127.0.0.1')
      .on('error', () => {})
      .resume(),
  )
  let next = 0
  const asking = setInterval(() => {
    for (let i = 0; i < connections / 40; i++)
      sockets[next++ % connections].write('GET /some/path HTTP/1.1\r\nHost: a\r\n\r\n')
  }, 50)
  await page
    .locator('#labels li')
    .nth(Math.min(400, connections) - 1)
    .waitFor({ state: 'attached' })
  const { frames, longest } = await page.evaluate(`new Promise((resolve) => {
    let [frames, longest, last] = [0, 0, performance.now()]
    const end = last + ${seconds * 1000}
    const frame = (now) => {
      frames++
      longest = Math.max(longest, now - last)
      last = now
      if (now < end) requestAnimationFrame(frame)
      else resolve({ frames, longest })
    }
    requestAnimationFrame(frame)
  })`)
  console.log(
    `${connections} connections: ${(frames / seconds).toFixed(1)} frames a second, the longest ${longest.toFixed(0)} ms`,
  )
  clearInterval(asking)
  for (const socket of sockets) socket.destroy()
  await browser.close()
  child.disconnect()
}

await (what === 'serve' ? serve() : measure())
