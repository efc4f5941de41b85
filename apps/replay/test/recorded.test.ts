/*
 * Recordings of our server made by other tools: tshark records curl, and Chromium a page. With a thousand requests of the browser:
 *   REPLAY_REQUESTS=1000 npx vitest run apps/replay/test/recorded.test.ts
 */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Server } from '@spillway/core'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { execFile, findTool, spawn, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readArguments } from '../src/arguments.ts'
import { readTransactions } from '../src/read.ts'
import { run } from '../src/run.ts'
import { serveSite } from './site.ts'

const folder = mkdtempSync(join(tmpdir(), 'replay-'))
/** The number of requests that the browser makes. */
const requests = Number(process.env['REPLAY_REQUESTS'] ?? 60)
let server: Server
let url = ''
beforeAll(async () => {
  server = await serveSite(requests)
  url = server.url
})
afterAll(async () => {
  await server.close({ deadline: 0 })
  rmSync(folder, { recursive: true })
})

/** Sends a recording to the server that it was made of. */
async function send(file: string): Promise<{ status: number; text: string }> {
  const command = readArguments(['send', file, '--to', url])
  let text = ''
  const status = await run(command as never, { print: (piece) => void (text += piece), progress: () => undefined })
  return { status, text }
}

const tshark = findTool('tshark')
const curlTool = findTool('curl')

/** Requests URLs with curl. */
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
    const paths = ['/data/a', '/data/b?c=d', '/old/e']
    await curl(...paths.map((path) => url + path))
    await curl('-d', 'x=1', `${url}/form`)
    const seen = (): string[] => {
      try {
        return [...readTransactions(file, 1e6)].map(({ request, response }) => `${request?.target} ${response?.status}`)
      } catch {
        return []
      }
    }
    // tshark reports that it has started before it really captures
    const until = Date.now() + 15_000
    while (!seen().includes('/form 200') && Date.now() < until) await curl('-d', 'x=1', `${url}/form`)
    recorder.kill('SIGINT')
    await once(recorder, 'close')
    expect(seen()).toContain('/form 200')
    expect(await send(file)).toEqual({
      status: 0,
      text: expect.stringContaining(' 0 different, 0 unanswered') as string,
    })
  })
})

withTools(chromium)('what Chromium does for a page', { timeout: 60_000 + requests * 100 }, () => {
  test('is answered again as recorded', async () => {
    const browser = await launchChromium()
    const file = join(folder, 'page.har')
    try {
      const context = await browser.newContext({ recordHar: { path: file, content: 'embed' } })
      const tab = await context.newPage()
      await tab.goto(url)
      await tab.waitForFunction("document.title === 'done'", undefined, { timeout: 30_000 + requests * 50 })
      await context.close()
    } finally {
      await browser.close()
    }
    const list = [...readTransactions(file, 1e6)]
    expect(list.length).toBeGreaterThanOrEqual(requests)
    // responses of all kinds are among them
    const statuses = new Set(list.map(({ response }) => response?.status))
    for (const status of [200, 201, 204, 302, 404]) expect(statuses).toContain(status)
    const { status, text } = await send(file)
    if (requests > 60) console.log(text)
    expect({ status, text }).toEqual({
      status: 0,
      text: expect.stringMatching(/^\d+ as recorded, 0 different, 0 unanswered, 0 not sent/) as string,
    })
  })
})
