// A page of another origin, in the same browser, which has the inspector's cookie: it can neither read nor act.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildInspector } from './built.ts'
import { endAll, start } from './started.ts'

const body = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`

/** Makes a foreign name lead to this machine. */
const foreign = (port: string): string => `--host-resolver-rules=MAP evil.example:${port} 127.0.0.1:${port}`

withTools(chromium)('a page of another origin', { timeout: 60_000 }, () => {
  let built: Awaited<ReturnType<typeof buildInspector>>
  let browser: Browser
  let own: Page
  let evil: Page
  let inspector: string
  const other = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.end(
        'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<!doctype html><title>Evil</title>',
      ),
    )
  })

  beforeAll(async () => {
    ;[built, browser] = await Promise.all([buildInspector(), launchChromium()])
    const { said } = start(['--import', `file://${join(built.folder, 'auto.mjs')}`, join(built.folder, 'program.mjs')])
    const link = await said(/Inspector: (\S+)/)
    inspector = new URL('/', link).href
    const context = await browser.newContext()
    own = await context.newPage()
    await own.goto(link)
    await own.waitForSelector('#live[data-state=live]')
    const program = await said(/^(http:\S+)$/m)
    await (await fetch(`${program}/secret`, { headers: { authorization: 'Bearer secret' } })).text()
    other.listen(0, '127.0.0.1')
    await once(other, 'listening')
    evil = await context.newPage()
    await evil.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    await endAll()
    other.close()
    built?.remove()
  })

  /** What a request of the evil page comes to: what could be read, or the error. */
  const asked = (path: string, init: object): Promise<string> =>
    evil.evaluate(
      `fetch(${JSON.stringify(inspector + path)}, ${JSON.stringify(init)}).then((r) => r.text().then((text) => r.type + ' ' + text), () => 'refused')`,
    )

  it.each(['', 'api/har', 'api/pcapng', 'api/wire/1', 'events', 'live.js'])('reads nothing of /%s', async (path) => {
    for (const credentials of ['include', 'omit']) expect(await asked(path, { credentials })).toBe('refused')
    expect(await asked(path, { mode: 'no-cors', credentials: 'include' })).toMatch(/^(?:opaque $|refused$)/)
  })

  it('acts nowhere: neither by fetch nor by a form (CSRF)', async () => {
    await asked('api/send/GET', { method: 'POST', mode: 'no-cors', credentials: 'include', body: body('/by-fetch') })
    await evil.evaluate(`new Promise((resolve) => {
      const frame = Object.assign(document.createElement('iframe'), { name: 'there', onload: resolve })
      const form = Object.assign(document.createElement('form'), { method: 'post', enctype: 'text/plain', target: 'there' })
      form.action = ${JSON.stringify(`${inspector}api/send/GET`)}
      const field = Object.assign(document.createElement('textarea'), { name: 'a', value: ${JSON.stringify(body('/by-form'))} })
      form.append(field)
      document.body.append(frame, form)
      form.submit()
    })`)
    // The inspector's own page may, and what it has sent is there.
    const har = await own.evaluate<string>(`
      fetch('api/send/GET', { method: 'POST', body: ${JSON.stringify(body('/by-itself'))} })
        .then((response) => response.text())
        .then(() => fetch('api/har'))
        .then((response) => response.text())`)
    expect(['/by-itself', '/by-fetch', '/by-form'].map((path) => har.includes(path))).toEqual([true, false, false])
  })

  it('hears no events', async () => {
    const heard = await evil.evaluate(`new Promise((resolve) => {
      const source = new EventSource(${JSON.stringify(`${inspector}events`)}, { withCredentials: true })
      source.addEventListener('snapshot', () => resolve('heard'))
      source.addEventListener('error', () => { source.close(); resolve('refused') })
    })`)
    expect(heard).toBe('refused')
  })

  it('shows it in no frame, and loads nothing of it as a script or an image', async () => {
    const shown = await evil.evaluate(`new Promise((resolve) => {
      const frame = document.createElement('iframe')
      frame.src = ${JSON.stringify(inspector)}
      frame.onload = () => {
        try { resolve(frame.contentDocument ? 'read' : 'blocked') } catch { resolve('blocked') }
      }
      document.body.append(frame)
    })`)
    expect(shown).toBe('blocked')
    const frame = evil.frames().find((one) => one !== evil.mainFrame() && one.url().startsWith(inspector))
    expect(
      (await frame
        ?.locator('#labels')
        .count()
        .catch(() => 0)) ?? 0,
    ).toBe(0)
    for (const [tag, path] of [
      ['script', 'live.js'],
      ['img', 'icon.svg'],
    ])
      expect(
        await evil.evaluate(`new Promise((resolve) => {
          const one = Object.assign(document.createElement('${tag}'), { onload: () => resolve('loaded'), onerror: () => resolve('refused') })
          one.src = ${JSON.stringify(inspector)} + '${path}'
          document.body.append(one)
        })`),
      ).toBe('refused')
  })

  it('is not let in by a name that was made to lead here (DNS rebinding)', async () => {
    const { port } = new URL(inspector)
    const rebound = await launchChromium(foreign(port))
    try {
      const page = await rebound.newPage()
      const answer = await page.goto(`http://evil.example:${port}/api/har`)
      expect(answer!.status()).toBe(403)
    } finally {
      await rebound.close()
    }
  })
})
