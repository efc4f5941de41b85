import { readFileSync } from 'node:fs'
import { parseErrors } from '@spillway/parser'
import { http2Faults } from '@spillway/parser/http2'
import { webSocketFailures } from '@spillway/parser/websocket'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, describe, expect, it, test } from 'vitest'
import { advice, adviceOn, endAdvice } from '../src/model/advice.ts'
import { reasons } from '../src/model/reasons.ts'
import { readBytes } from '../src/model/tokens.ts'
import { buildInspector } from './built.ts'
import { endAll, start } from './started.ts'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const codes = [...Object.keys(parseErrors), ...Object.keys(http2Faults), ...Object.keys(webSocketFailures)]
/** One sentence or several, each with its end. */
const sentences = /^[A-Z“].*[.?]$/s

describe('what is said about an error', () => {
  it('is there for each code that there is, and for no other', () => {
    expect(codes.length).toBeGreaterThan(90)
    expect(new Set(Object.keys(advice))).toEqual(new Set(codes))
    expect(adviceOn('toString')).toBeUndefined()
  })

  test.each(codes)('%s: why, and what to do', (code) => {
    const { why, todo } = adviceOn(code)!
    for (const text of [why, todo]) {
      expect(text).toMatch(sentences)
      expect(text.length).toBeGreaterThan(20)
    }
  })

  it('names options that a server has', () => {
    const sources = read('core/src/server/options.ts') + read('parser/src/limits.ts')
    const all = [...Object.values(advice).map(({ todo }) => todo), ...Object.values(endAdvice).map(({ todo }) => todo)]
    const named = all.flatMap((text) => text.match(/\b(?:limits|timeouts)\.\w+/g) ?? [])
    expect(named.length).toBeGreaterThan(15)
    for (const name of new Set(named)) expect(sources).toContain(`readonly ${name.split('.')[1]}: number`)
  })
})

describe('what is said about an end', () => {
  test.each(Object.entries(reasons))('%s', (reason, { calm, sentence }) => {
    const { todo, rfc } = endAdvice[reason as keyof typeof endAdvice]
    expect(sentence).toMatch(sentences)
    expect(rfc).toMatch(/^RFC \d{4} §\d/)
    // What is as it should be needs no advice.
    expect(todo).toMatch(calm ? /^$/ : sentences)
  })
})

withTools(chromium)('the page', { timeout: 90_000 }, () => {
  afterAll(() => endAll())

  it('says which byte, why and what to do, for each mistake that a few bytes can show', async () => {
    const [built, browser] = await Promise.all([buildInspector(), launchChromium()])
    try {
      const { said } = start(['--import', `file://${built.folder}/auto.mjs`, `${built.folder}/program.mjs`])
      const page = await browser.newPage()
      page.setDefaultTimeout(30_000)
      await page.goto(await said(/Inspector: (\S+)/))
      await page.goto(new URL('bytes.html', page.url()).href)
      for (const text of [
        'GET / HTTP/1.1\n\n',
        'GET / HTTP/1.1\nHost: a\nHost: b\n\n',
        'POST / HTTP/1.1\nHost: a\nContent-Length: 1\nTransfer-Encoding: chunked\n\n',
        'POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\nx\n',
        'GET / HTTP/2.0\n\n',
      ]) {
        const { code, rfc, at } = readBytes(Buffer.from(text.replaceAll('\n', '\r\n')), 'request').fault!
        await page.locator('#source').fill(text)
        const verdict = page.locator('#verdict', { hasText: code })
        await verdict.locator('.advice', { hasText: adviceOn(code)!.why }).waitFor()
        await verdict.locator('.advice', { hasText: adviceOn(code)!.todo }).waitFor()
        expect(await verdict.textContent()).toContain(`byte ${at}`)
        expect(await verdict.textContent()).toContain(rfc)
      }
    } finally {
      await browser.close()
      built.remove()
    }
  })
})
