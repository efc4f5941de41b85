import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { spawn, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Gateway } from '../src/gateway.ts'
import type { Snapshot } from '../src/model.ts'
import { type Built, buildGateway } from './built.ts'
import { folderOf, until } from './support.ts'

/** A folder for screenshots to look at; they are not kept otherwise. */
const shots = process.env['GATEWAY_SCREENSHOTS']

let built: Built
beforeAll(async () => {
  built = await buildGateway()
}, 60_000)
afterAll(() => built?.remove())

/** A gateway with servers and clients of its own. */
async function startDemo(): Promise<{ gateway: Gateway; file: string }> {
  const folder = folderOf({ 'site/index.html': '<h1>home</h1>' })
  const file = join(folder, 'gateway.json')
  writeFileSync(file, JSON.stringify(demoConfig))
  const gateway = await Gateway.start({ file, page: built.page, program: built.program })
  onTestFinished(() => gateway.close({ deadline: 0 }).then(() => {}))
  return { gateway, file }
}

const demoConfig = {
  listen: [{ port: 0 }],
  admin: { port: 0 },
  log: 'none',
  demo: { backends: 3, requestsPerSecond: 100 },
  routes: [
    { path: '/', files: 'site' },
    { path: '/api', proxy: 'demo' },
  ],
}

const status = async (gateway: Gateway): Promise<Snapshot> =>
  (await (await fetch(`${gateway.adminUrl}/status`)).json()) as Snapshot

describe('the demo', { timeout: 60_000 }, () => {
  test('a server that is killed costs nobody an answer, is seen as down, and comes back', async () => {
    const { gateway } = await startDemo()
    const state = async (i: number): Promise<string> => (await status(gateway)).groups[0]!.servers[i]!.state
    await until(() => gateway.demo!.asked > 50)
    const { name } = gateway.demo!.backends[1]!
    const post = async (what: string): Promise<number> =>
      (await fetch(`${gateway.adminUrl}/demo/${name}/${what}`, { method: 'POST' })).status
    expect(await post('kill')).toBe(204)
    await until(async () => (await state(1)) !== 'up')
    await until(() => !gateway.demo!.backends[1]!.running)
    expect(await post('kill')).toBe(404)
    expect(await post('start')).toBe(204)
    await until(async () => (await state(1)) === 'up')
    const before = gateway.demo!.asked
    await until(() => gateway.demo!.asked > before + 50)
    expect(gateway.demo!.missed).toBe(0)
    expect(gateway.observed!.traffic.failed).toBe(0)
  })

  test('as a program: starts, loads its configuration again at SIGHUP, and ends in order', async () => {
    const folder = folderOf({ 'site/index.html': 'x' })
    const file = join(folder, 'gateway.json')
    writeFileSync(file, JSON.stringify(demoConfig))
    const child = spawn(process.execPath, [built.program, file], { stdio: ['ignore', 'pipe', 'pipe'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await until(() => /dashboard on http/.test(said))
    child.kill('SIGHUP')
    await until(() => said.includes('was loaded again'))
    writeFileSync(file, '{ "listen": 1 }')
    child.kill('SIGHUP')
    await until(() => said.includes('nothing was changed') && said.includes('listen must be a list'))
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await exit).toEqual([0, null])
  })

  test('as a program: says in one line what is wrong', async () => {
    const folder = folderOf({
      'gateway.json': '{ "listen": [{ "port": 1 }], "routes": [{ "path": "/a", "proxy": "b" }] }',
    })
    const child = spawn(process.execPath, [built.program, join(folder, 'gateway.json')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    expect(code).toBe(1)
    expect(said).toBe(`gateway: ${folder}/gateway.json:1: routes[0].proxy names "b", which is not in upstreams\n`)
  })

  test.each([
    ['{ "listen": [{ "port": 1 }], "routes": [{ "path": "/a", "redirect": "/b" }] }', 0, 'no mistakes'],
    ['{\n"lisen": [] }', 1, '2: lisen is not known here: did you mean "listen"?'],
  ])('as a program with --test: %j', async (text, expected, said) => {
    const file = join(folderOf({ 'gateway.json': text }), 'gateway.json')
    const child = spawn(process.execPath, [built.program, '--test', file], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    expect(code).toBe(expected)
    expect(output).toContain(said)
  })

  test('as a program goes on when nobody reads its log any more', async () => {
    const folder = folderOf({
      'gateway.json': '{ "listen": [{ "port": 0 }], "routes": [{ "path": "/", "redirect": "/b" }] }',
    })
    const child = spawn(process.execPath, [built.program, join(folder, 'gateway.json')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const [first] = (await once(child.stdout, 'data')) as [Buffer]
    const [url] = /http:\S+/.exec(first.toString())!
    child.stdout.destroy()
    for (let i = 0; i < 5; i++) expect((await fetch(url, { redirect: 'manual' })).status).toBe(302)
    await until(() => said.includes('the output is gone'))
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(302)
    expect(child.exitCode).toBe(null)
  })
})

withTools(chromium)('the page', { timeout: 60_000 }, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  }, 60_000)
  afterAll(() => browser?.close())

  async function visit(
    gateway: Gateway,
    options: BrowserContextOptions = {},
  ): Promise<{ page: Page; complaints: string[] }> {
    const complaints: string[] = []
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options })
    onTestFinished(() => context.close())
    context.setDefaultTimeout(30_000)
    const page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(gateway.adminUrl!)
    await page.waitForSelector('#live[data-state=live]')
    return { page, complaints }
  }

  test('shows the servers, kills one and starts it, and loads the configuration again', async () => {
    const { gateway, file } = await startDemo()
    const { page, complaints } = await visit(gateway)
    await page.locator('.server').nth(2).waitFor()
    await page.getByRole('button', { name: 'Kill server b' }).click()
    await page.locator('.state[data-state=down], .state[data-state=ejected]').first().waitFor()
    if (shots) await page.screenshot({ path: join(shots, 'killed.png'), fullPage: true })
    await page.getByRole('button', { name: 'Start server b' }).click()
    await until(async () => (await page.locator('.state[data-state=up]').count()) === 3)
    await page.getByRole('button', { name: /Reload/ }).click()
    await page.locator('#notice.good').waitFor()
    expect(await page.locator('#failed').textContent()).toBe('0')
    expect(complaints).toEqual([])
    writeFileSync(file, '{}')
    await page.getByRole('button', { name: /Reload/ }).click()
    expect(await page.locator('#notice.bad').textContent()).toMatch(/Nothing was changed\..*listen is missing/s)
  })

  test.each([
    ['light', {}],
    ['dark', { colorScheme: 'dark' }],
    ['phone', { viewport: { width: 360, height: 740 }, isMobile: true }],
  ] as const)('fits: %s', async (name, options) => {
    const { gateway } = await startDemo()
    const { page, complaints } = await visit(gateway, options)
    await page.locator('#recent tr').nth(5).waitFor()
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    expect(overflow).toBe(0)
    expect(complaints).toEqual([])
    if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true })
  })
})
