/* Recordings that others make: tshark of curl, and Chromium of a page. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { execFile, findTool, spawn, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readArguments } from '../src/arguments.ts'
import { readTransactions } from '../src/read.ts'
import { run } from '../src/run.ts'

const folder = mkdtempSync(join(tmpdir(), 'replay-'))
const script = Array.from({ length: 40 }, (_, i) => `fetch('/data/${i}').then((answer) => answer.text())`).join(',')
const page = `<!doctype html><title>waiting</title><script>Promise.all([${script}]).then(() => (document.title = 'done'))</script>`
const server = createServer((request, response) => {
  let bytes = 0
  request.on('data', (piece: Buffer) => (bytes += piece.length))
  request.on('end', () => {
    response.setHeader('content-type', request.url === '/' ? 'text/html' : 'text/plain')
    response.end(request.url === '/' ? page : `${request.method} ${request.url} ${bytes}`.repeat(500))
  })
})
let url = ''
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

/** Sends a recording to the server that it is of. */
async function send(file: string): Promise<{ status: number; text: string }> {
  const command = readArguments(['send', file, '--to', url])
  let text = ''
  const status = await run(command as never, { print: (piece) => void (text += piece), progress: () => undefined })
  return { status, text }
}

const tshark = findTool('tshark')
const curlTool = findTool('curl')

/** Asks for URLs. */
async function curl(...args: string[]): Promise<void> {
  await promisify(execFile)(curlTool.path, ['-s', '-o', '/dev/null', ...args], { timeout: 10_000 })
}

withTools(tshark, curlTool)('what tshark records of curl', { timeout: 60_000 }, () => {
  test('is listed, and answered again as recorded', async () => {
    const file = join(folder, 'real.pcapng')
    const { port } = new URL(url)
    const recorder = spawn(tshark.path, ['-i', 'lo', '-f', `tcp port ${port}`, '-w', file, '-a', 'duration:30'], {
      stdio: 'pipe',
    })
    let told = ''
    recorder.stderr.on('data', (piece) => (told += String(piece)))
    while (!told.includes('Capture started') && recorder.exitCode === null)
      await Promise.race([once(recorder.stderr, 'data'), once(recorder, 'close')])
    const paths = ['/a', '/b?c=d', '/e']
    await curl(...paths.map((path) => url + path))
    await curl('-d', 'x=1', `${url}/post`)
    const seen = (): string[] => {
      try {
        return [...readTransactions(file, 1e6)].map(({ request, response }) => `${request?.target} ${response?.status}`)
      } catch {
        return []
      }
    }
    // it tells that it has begun before it has
    const until = Date.now() + 15_000
    while (!seen().includes('/post 200') && Date.now() < until) await curl('-d', 'x=1', `${url}/post`)
    recorder.kill('SIGINT')
    await once(recorder, 'close')
    expect(seen()).toContain('/post 200')
    expect(await send(file)).toEqual({
      status: 0,
      text: expect.stringContaining(' 0 different, 0 unanswered') as string,
    })
  })
})

withTools(chromium)('what Chromium does for a page', { timeout: 60_000 }, () => {
  test('is answered again as recorded', async () => {
    const browser = await launchChromium()
    const file = join(folder, 'page.har')
    try {
      const context = await browser.newContext({ recordHar: { path: file, content: 'embed' } })
      const tab = await context.newPage()
      await tab.goto(url)
      await tab.waitForFunction("document.title === 'done'")
      await context.close()
    } finally {
      await browser.close()
    }
    const list = [...readTransactions(file, 1e6)]
    expect(list.length).toBeGreaterThanOrEqual(41)
    expect(await send(file)).toEqual({
      status: 0,
      text: expect.stringContaining(' 0 different, 0 unanswered') as string,
    })
  })
})
