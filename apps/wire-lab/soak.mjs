// Watches the memory of the lab and of its page while many connections come and go:
//   node apps/wire-lab/soak.mjs [seconds, 600] [connections, 200]
// after `npm start` or a build. It needs Chromium on the PATH, and Linux, whose /proc tells how much memory the server uses.
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { launchChromium } from '@spillway/vitest-config/chromium'
import { startLab } from './lab-process.mjs'

const get = 'GET /api/time HTTP/1.1\r\nHost: soak\r\n\r\n'

/** What each kind of client does; every fifth one is of another kind. */
const kinds = [
  // Sends a request now and then on a persistent connection.
  { first: get, again: get, every: 1_000, life: Infinity },
  // The same, faster.
  { first: get, again: get, every: 250, life: Infinity },
  // Sends one request and leaves.
  { first: get, again: '', every: 400, life: 800 },
  // Sends a head that never ends, until it gets a 408.
  { first: 'GET / HTTP/1.1\r\nX-Slow: ', again: 'z', every: 500, life: Infinity },
  // Is refused at once.
  { first: 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', again: '', every: 1_000, life: 3_000 },
]

/** Keeps one client going until `state.over`. */
async function client(port, kind, state) {
  const { first, again, every, life } = kind
  while (!state.over) {
    const socket = connect(port, '127.0.0.1')
    const began = performance.now()
    socket.on('error', () => {}).resume()
    socket.write(first)
    while (!state.over && !socket.destroyed && performance.now() - began < life) {
      await sleep(every * (0.75 + Math.random() / 2))
      if (again && socket.writable) socket.write(again)
    }
    socket.destroy()
    await sleep(100)
  }
}

/**
 * Runs `connections` clients for `seconds` and measures memory `samples` times.
 * @returns each sample: megabytes of the server (RSS), megabytes and nodes of the page, open connections
 */
export async function soak({ main, seconds, connections, samples, say = () => {} }) {
  const { server, url: address } = await startLab(main)
  const url = new URL(address)
  const browser = await launchChromium()
  const state = { over: false }
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 960 } })
    await page.goto(url.href)
    await page.waitForSelector('#live[data-state=live]')
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Performance.enable')
    const clients = Array.from({ length: connections }, (_, i) =>
      client(Number(url.port), kinds[i % kinds.length], state),
    )
    const seen = []
    for (let i = 1; i <= samples; i++) {
      await sleep((seconds * 1000) / samples)
      await devtools.send('HeapProfiler.collectGarbage')
      const { metrics } = await devtools.send('Performance.getMetrics')
      const metric = (name) => metrics.find((one) => one.name === name).value
      const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))
      const open = Number((await page.locator('#n-keep').textContent()).replaceAll(',', ''))
      const requests = Number((await page.locator('#n-receive').textContent()).replaceAll(',', ''))
      const sample = {
        seconds: Math.round((i * seconds) / samples),
        serverMB: Number((kilobytes / 1024).toFixed(1)),
        pageMB: Number((metric('JSHeapUsedSize') / 1048576).toFixed(2)),
        nodes: metric('Nodes'),
        open,
        requests,
      }
      seen.push(sample)
      say(sample)
    }
    state.over = true
    await Promise.all(clients)
    return seen
  } finally {
    state.over = true
    await browser.close()
    server.kill('SIGTERM')
  }
}

/** The median of some numbers. */
const middle = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [seconds = 600, connections = 200] = process.argv.slice(2).map(Number)
  const main = process.env.WIRE_LAB_MAIN ?? fileURLToPath(new URL('dist/main.js', import.meta.url))
  const seen = await soak({
    main,
    seconds,
    connections,
    samples: 20,
    say: (sample) => console.log(JSON.stringify(sample)),
  })
  // The first quarter warms up: code is compiled, and every list grows to its bound.
  const [second, last] = [seen.slice(5, 10), seen.slice(15)]
  let flat = true
  for (const [name, slack] of [
    ['serverMB', 12],
    ['pageMB', 2],
    ['nodes', 2000],
  ]) {
    const [from, to] = [second, last].map((part) => middle(part.map((sample) => sample[name])))
    const grows = to > from * 1.1 + slack
    flat &&= !grows
    console.log(`${name}: ${from} in the second quarter, ${to} in the last${grows ? ': it grows' : ''}`)
  }
  console.log(flat ? 'flat' : 'not flat')
  process.exit(flat ? 0 : 1)
}
