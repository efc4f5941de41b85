import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe, { type AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { ways } from '../src/model/many.ts'
import { type Built, buildLab } from './built.ts'
import { visit } from './visit.ts'

let built: Built
let browser: Browser
let lab: Lab
let complaints: string[] = []

async function open(path: string): Promise<Page> {
  complaints = []
  return await visit(browser, lab.url + path, complaints)
}

withTools(chromium)('the other pages', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    built = await buildLab({ server: true })
    browser = await launchChromium()
    const timeouts = { head: 10_000, keepAlive: 60_000, linger: 200 }
    const program = (name: string) => pathToFileURL(join(built.folder, `${name}.mjs`))
    const programs = { server: program('many-server'), load: program('many-load'), seconds: 1 }
    const sources = new URL('../../../', import.meta.url)
    lab = await startLab({ root: built.root, port: 0, timeouts, programs, sources })
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await lab?.close(50)
    built?.remove()
  })

  describe('bytes', () => {
    it('parses as one types, and says which byte is wrong', async () => {
      const page = await open('/bytes.html')
      const says = (text: string) => page.locator('#verdict', { hasText: text }).waitFor()
      await says('Valid: 1 request, complete')
      await page.locator('#source').fill('')
      await says('Nothing yet')
      await page.locator('#source').pressSequentially('GET / HTTP/1.1\nHost: a')
      await says('So far so good')
      await page.locator('#source').pressSequentially('\nHost: b')
      // The protocol is recognised from the first byte that proves it, once the line is complete.
      await page.locator('#source').pressSequentially('\n\n')
      await says('HOST_REPEATED at byte 31')
      await says('RFC 9112 §3.2')
      await says('A server answers 400 Bad Request')
      expect(await page.locator('#behind .t-wrong').textContent()).toBe('b')
      expect(await page.locator('#dump .hex .t-wrong').textContent()).toBe('62')
      expect(await page.locator('#verdict a').getAttribute('href')).toBe(
        'https://www.rfc-editor.org/rfc/rfc9112#section-3.2',
      )
      // The byte offset in the sentence is a link to that byte in the text.
      await page.locator('#verdict').getByRole('button', { name: 'byte 31' }).click()
      expect(await page.evaluate('document.activeElement.selectionStart')).toBe(
        'GET / HTTP/1.1\nHost: a\nHost: '.length,
      )
      expect(complaints).toEqual([])
      await page.context().close()
    })

    it('shows the same bytes in two ways, and what each is', async () => {
      const page = await open('/bytes.html')
      await page.locator('#samples').selectOption({ label: 'Chunks and trailers' })
      await page.locator('#messages', { hasText: '13 bytes in 2 chunks' }).waitFor()
      await page.locator('#dump .hex .t-size').first().hover()
      await page.locator('#token', { hasText: 'Chunk size' }).waitFor()
      await page.locator('#token', { hasText: 'RFC 9112 §7.1' }).waitFor()
      expect(await page.locator('#behind .lit').textContent()).toBe('5')
      await page.getByRole('button', { name: 'Hex' }).click()
      expect(await page.locator('#source').inputValue()).toMatch(/^50 4f 53 54 20/)
      await page.locator('#source').fill('47 45 54 20')
      await page.getByRole('button', { name: 'Text' }).click()
      expect(await page.locator('#source').inputValue()).toBe('GET ')
      await page.getByRole('button', { name: 'Response' }).click()
      await page.locator('#verdict', { hasText: 'INVALID_VERSION at byte 0' }).waitFor()
      await page.context().close()
    })

    it('shows side by side who reads it how, and lights up what is smuggled', async () => {
      const page = await open('/bytes.html')
      const reader = (profile: string) => page.locator(`.reading[data-profile=${profile}]`)
      await page.locator('#readings-summary', { hasText: 'All see the same.' }).waitFor()
      await page.locator('#samples').selectOption({ label: 'Two lengths (CL + TE)' })
      await page.locator('#readings-summary', { hasText: '1 message that a strict reader never sees' }).waitFor()
      await reader('strict').locator('.stops', { hasText: 'CODING_WITH_LENGTH' }).waitFor()
      expect(await reader('strict').locator('li').count()).toBe(0)
      expect(await reader('observer').locator('li').count()).toBe(2)
      expect(await reader('observer').locator('.smuggled code').textContent()).toBe('GET /admin HTTP/1.1')
      // Also, how other parsers read exactly these bytes; nothing is known of those that were not asked.
      await page.locator('#others').scrollIntoViewIfNeeded()
      await page.locator('#others .risky', { hasText: /^HAProxy [\d.]+ takes it, with 0 bytes of content$/ }).waitFor()
      await page.locator('#others li', { hasText: /^nginx [\d.]+ refuses it$/ }).waitFor()
      // The same bytes are highlighted in the text and in the dump.
      expect(
        await page
          .locator('#behind .t-smuggled')
          .allTextContents()
          .then((all) => all.join('')),
      ).toContain('GET /admin')
      await page.locator('#dump .hex .t-smuggled').first().hover()
      await page.locator('#token', { hasText: 'Smuggled' }).waitFor()
      await page.getByRole('button', { name: 'Response' }).click()
      await page.locator('#source').fill('HTTP/1.1 200\n\n')
      await reader('userAgent').locator('.forgiven', { hasText: 'INVALID_STATUS at byte 12' }).waitFor()
      await page.locator('#source').fill('HTTP/1.1 200 OK\nX-Not-In-The-Corpus: 1\n\n')
      await page.locator('#others', { hasText: 'Nobody else was asked about these very bytes' }).waitFor()
      expect(complaints).toEqual([])
      await page.context().close()
    })

    it('is shared by its address', async () => {
      const page = await open('/bytes.html')
      await page.locator('#source').fill('GET /shared HTTP/1.1\nHost: a\n\n')
      await page.waitForURL(/#request=R0VUIC9zaGFyZWQ/)
      const other = await open(page.url().slice(lab.url.length))
      expect(await other.locator('#source').inputValue()).toBe('GET /shared HTTP/1.1\nHost: a\n\n')
      await other.locator('#messages', { hasText: 'GET /shared HTTP/1.1' }).waitFor()
      await page.context().close()
      await other.context().close()
    })

    it('is where the live view leads to for a closer look', async () => {
      const page = await open('/')
      await page.locator('[data-try="two-hosts"]').click()
      await page.getByRole('link', { name: 'Byte by byte' }).first().click()
      await page.locator('#verdict', { hasText: 'HOST_REPEATED at byte' }).waitFor()
      expect(await page.locator('#source').inputValue()).toContain('Host: evil.example')
      await page.context().close()
    })

    it('runs nothing and stays quick on whatever is pasted', async () => {
      const page = await open('/bytes.html')
      await page.locator('#source').fill('<img src=x onerror=alert(1)>'.repeat(2000))
      await page.locator('#verdict', { hasText: 'INVALID_METHOD at byte 0' }).waitFor()
      expect(await page.locator('img').count()).toBe(0)
      expect(complaints).toEqual([])
      await page.context().close()
    })
  })

  describe('the loop', () => {
    it('leads to the live view, to the files that do it, and to their tests, all of them there', async () => {
      const page = await open('/loop.html')
      expect(await page.locator('.steps > li').count()).toBe(8)
      const links = await page.locator('main a').evaluateAll((all: any[]) => all.map((a) => a.getAttribute('href')))
      for (const href of new Set<string>(links))
        expect([href, (await fetch(lab.url + href)).status]).toEqual([href, 200])
      // Each step has all three.
      for (const word of ['See it', 'Source', 'Test'])
        expect(await page.getByText(word, { exact: true }).count()).toBe(9)
      await page.getByRole('link', { name: 'framing.ts', exact: true }).click()
      await page.locator('h1', { hasText: 'packages/parser/src/framing.ts' }).waitFor()
      await page.locator('pre', { hasText: 'export abstract class Framing' }).waitFor()
      expect(complaints).toEqual([])
      await page.context().close()
    })

    it('shows a button in the live view, and lets the reader press it', async () => {
      const page = await open('/#show=keep-alive')
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Keep-alive')
      await page.waitForSelector('#live[data-state=live]')
      await page.keyboard.press('Enter')
      await page.locator('#details', { hasText: '19 handshakes' }).waitFor()
      await page.context().close()
    })

    it('shows no file that it does not lead to', async () => {
      for (const path of ['package.json', '../package.json', '%2e%2e/x', 'packages/core/package.json'])
        expect((await fetch(`${lab.url}/source/${path}`)).status).toBe(404)
    })
  })

  describe('many clients', () => {
    it('measures four servers, and shows what was measured', async () => {
      const page = await open('/many.html')
      await page.getByRole('button', { name: 'Put all four under load' }).click()
      await page.locator('#status', { hasText: 'Half of the quick requests' }).waitFor({ timeout: 80_000 })
      for (const way of ways) {
        const rows = await page
          .locator(`#numbers-${way} tr`)
          .evaluateAll((all: any[]) => all.map((row) => [...row.children].map((cell: any) => String(cell.textContent))))
        const counts = rows.map(([, count]) => Number(count!.replaceAll(',', '')))
        expect(rows.map(([name]) => name)).toEqual(['quick', 'wait', 'work', 'all'])
        expect(counts[3]).toBe(counts[0]! + counts[1]! + counts[2]!)
        expect(counts[3]).toBeGreaterThan(0)
        const drawn = await page.locator(`#chart-${way}`).evaluate((canvas: any) => {
          const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
          return data.some((value: number) => value > 0)
        })
        expect(drawn).toBe(true)
      }
      expect(await page.locator('#processes-event').textContent()).toMatch(/^1 process(?:, \d+ MB)?$/)
      // The accepting process, and one for each client; only Linux tells how much memory they use.
      const each = process.platform === 'linux' ? /^25 processes, [\d.]+ [MG]B$/ : /^25 processes$/
      expect(await page.locator('#processes-process').textContent()).toMatch(each)
      expect(complaints).toEqual([])
      await page.context().close()
    })

    it('leaves no process behind when nobody looks on', async () => {
      const abort = new AbortController()
      const response = await fetch(`${lab.url}/api/many`, { method: 'POST', signal: abort.signal })
      expect(response.status).toBe(200)
      expect((await fetch(`${lab.url}/api/many`, { method: 'POST' })).status).toBe(429)
      const reader = response.body!.getReader()
      await reader.read()
      abort.abort()
      // The next comparison may begin as soon as this one is gone completely.
      const again = async (): Promise<number> => {
        const next = await fetch(`${lab.url}/api/many`, { method: 'POST' })
        await next.body!.cancel()
        return next.status
      }
      await expect.poll(again, { timeout: 30_000, interval: 200 }).toBe(200)
    })

    it('is for the lab’s own page only', async () => {
      const headers = { origin: 'http://evil.example' }
      expect((await fetch(`${lab.url}/api/many`, { method: 'POST', headers })).status).toBe(403)
    })
  })

  it.each(['/', '/bytes.html', '/many.html', '/loop.html', '/source/packages/core/src/exchange/reply.ts', '/nope'])(
    '%s is for everybody: in light and dark, read aloud, on a phone',
    async (path) => {
      // A colour in the middle of a transition cannot be judged.
      const page = await visit(browser, lab.url, [], { reducedMotion: 'reduce' })
      await page.setExtraHTTPHeaders({ accept: 'text/html' })
      await page.goto(lab.url + path)
      if (path === '/') await page.locator('[data-try="two-hosts"]').click()
      if (path === '/') await page.locator('#details .t-wrong').waitFor()
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        const { violations } = await page.evaluate<AxeResults>(`${axe.source}; axe.run()`)
        const found = violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html).slice(0, 3)])
        expect({ colorScheme, found }).toEqual({ colorScheme, found: [] })
      }
      await page.setViewportSize({ width: 390, height: 844 })
      await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
      await page.context().close()
    },
  )
})
