// The four questions that a newcomer asks, answered by the page of the inspector, attached to programs of every kind.
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { programFromSources } from '@spillway/tsup-config'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import express from 'express'
import type { Browser, Page } from 'playwright-core'
import { build } from 'tsup'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { buildInspector } from './built.ts'
import { answers, ask as askOn, post } from './questions.mjs'
import { type Started, endAll, start } from './started.ts'

const apps = fileURLToPath(new URL('../../../apps/', import.meta.url))
const packages = fileURLToPath(new URL('../../', import.meta.url))

let built: Awaited<ReturnType<typeof buildInspector>>
let browser: Browser
let page: Page
const folders: string[] = []
const complaints: string[] = []

const folderAt = (path: string): string => {
  const folder = mkdtempSync(path)
  folders.push(folder)
  return folder
}

// better-sqlite3 is compiled when it is installed. Where there is no compiler there is no database either.
const isSqliteMissing = await import(join(apps, 'conduit/node_modules/better-sqlite3/lib/index.js'))
  .then(({ default: Database }: { default: new (name: string) => { close(): void } }) =>
    new Database(':memory:').close(),
  )
  .then(
    () => false,
    () => true,
  )
if (isSqliteMissing) console.error('better-sqlite3 could not be built: the test with Conduit is skipped')

/** Asks the questions on a new page. */
async function ask(link: string, url: string, slow: string): Promise<readonly string[]> {
  page = await (await browser.newContext({ viewport: { width: 1440, height: 960 } })).newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  return askOn(page, link, url, slow)
}

const beside = (program: string, env: Readonly<Record<string, string>>): Started =>
  start(['--import', `file://${join(built.folder, 'auto.mjs')}`, program], { PORT: '0', ...env })

withTools(chromium)('the four questions, answered', { timeout: 90_000 }, () => {
  beforeAll(async () => {
    ;[built, browser] = await Promise.all([buildInspector(), launchChromium()])
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    built?.remove()
    for (const folder of folders) rmSync(folder, { recursive: true })
  })
  afterEach(async () => {
    await page?.context().close()
    await endAll()
    const errors = complaints.splice(0)
    if (errors.length > 0) throw new Error(errors.join('\n'))
  })

  it.skipIf(isSqliteMissing)('for Conduit', async () => {
    // Beside its sources, where its database is found.
    mkdirSync(join(apps, 'conduit/node_modules/.cache'), { recursive: true })
    const folder = folderAt(join(apps, 'conduit/node_modules/.cache/inspected-'))
    const entry = { main: join(apps, 'conduit/src/main.ts') }
    await build({
      ...programFromSources,
      entry,
      outDir: folder,
      noExternal: [/^(?!better-sqlite3$|pg$)/],
      external: ['better-sqlite3', 'pg'],
    })
    const secret = 'x'.repeat(32)
    const { said } = beside(join(folder, 'main.mjs'), { DATABASE: ':memory:', SECRET: secret })
    const [link, url] = [await said(/Inspector: (\S+)/), await said(/answers at (http:\/\/[^/]+)/)]
    expect(await ask(link, url, post('/api/users/login'))).toEqual(answers)
    // And where the time of one of its requests went.
    await page.locator('#filter').fill('path:/none')
    await page.locator('#labels button').first().click()
    await page.locator('#details [data-exchange]').first().click()
    await page.locator('#details .times li').first().waitFor()
    await page.locator('#details', { hasText: 'No route has answered: the router itself said 404.' }).waitFor()
  })

  it('for the chat', async () => {
    const folder = folderAt(join(tmpdir(), 'inspected-chat-'))
    mkdirSync(join(folder, 'public'))
    writeFileSync(join(folder, 'public/index.html'), '<!doctype html><title>Chat</title>')
    await build({ ...programFromSources, entry: { main: join(apps, 'chat/src/main.ts') }, outDir: folder })
    const { said } = beside(join(folder, 'main.mjs'), { DATA: join(folder, 'data') })
    const [link, url] = [await said(/Inspector: (\S+)/), await said(/talk at (http:\S+)/)]
    expect(await ask(link, url, post('/api/session'))).toEqual(answers)
  })

  it('for Express, through the proxy', async () => {
    const app = express()
    app.post('/slow', express.json(), (_, response) => {
      response.send('done')
    })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      const { said } = start([join(built.folder, 'cli.mjs'), 'proxy', `http://127.0.0.1:${port}`])
      const link = await said(/inspector +(http\S+)/)
      expect(await ask(link, await said(/Clients connect to +(\S+)/), post('/slow'))).toEqual(answers)
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('for a program outside of this repository, which has nothing but what is published', async () => {
    const folder = folderAt(join(tmpdir(), 'inspected-outside-'))
    for (const [name, entry] of Object.entries({
      core: { index: 'core/src/index.ts' },
      middleware: { router: 'middleware/src/router.ts' },
    }))
      await installed(folder, name, entry)
    await installed(folder, 'inspect', { index: 'inspect/src/index.ts', auto: 'inspect/src/auto.ts' })
    const { cpSync } = await import('node:fs')
    cpSync(join(built.folder, 'public'), join(folder, 'node_modules/@spillway/inspect/public'), { recursive: true })
    writeFileSync(
      join(folder, 'app.js'),
      `import { serve } from '@spillway/core'
      import { router } from '@spillway/middleware/router'
      const app = router().post('/slow', async function slow(c) { return c.text(await c.body.text()) })
      const server = await serve(app, { port: 0 })
      console.log(server.url)`,
    )
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    const { said } = start(['--import', '@spillway/inspect/auto', 'app.js'], {}, folder)
    const [link, url] = [await said(/Inspector: (\S+)/), await said(/^(http:\S+)$/m)]
    expect(await ask(link, url, post('/slow'))).toEqual(answers)
    // Layers are told across copies of the packages.
    await page.locator('#filter').fill('path:/slow')
    await page.locator('#labels button').first().click()
    await page.locator('#details [data-exchange]').first().click()
    await page.locator('#details .times code', { hasText: 'slow' }).waitFor()
    await page.locator('#details', { hasText: 'POST /slow registered at' }).waitFor()
  })
})

/** Puts a package where programs look for it. */
async function installed(folder: string, name: string, files: Readonly<Record<string, string>>): Promise<void> {
  const to = join(folder, 'node_modules/@spillway', name)
  const entry = Object.fromEntries(Object.entries(files).map(([one, file]) => [one, join(packages, file)]))
  await build({ ...programFromSources, entry, outDir: to, splitting: true })
  const exported = Object.keys(files).map((one) => [one === 'index' ? '.' : `./${one}`, `./${one}.mjs`])
  writeFileSync(
    join(to, 'package.json'),
    JSON.stringify({ name: `@spillway/${name}`, version: '0.0.0', exports: Object.fromEntries(exported) }),
  )
}
