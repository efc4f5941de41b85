import { createHash } from 'node:crypto'
import { body } from '@spillway/middleware/body'
import { csrf } from '@spillway/middleware/csrf'
import { type MultipartLimits, multipart } from '@spillway/middleware/multipart'
import { problemOf } from '@spillway/middleware/problem'
import { type Router, router } from '@spillway/middleware/router'
import type { Browser, Page } from 'playwright-core'
import { chromium, launchChromium } from '@spillway/vitest-config/chromium'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { start } from './server.ts'

let browser: Browser

const sha1 = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex')

/** A page with both kinds of forms, and what they are sent to. */
function forms(limits: MultipartLimits): Router {
  return router()
    .use(csrf())
    .get('/', (c) =>
      c.html(`<!doctype html><title>page</title>
        <form id=files method=post action=/files enctype=multipart/form-data>
          <input name=title><textarea name=note></textarea><input type=checkbox name=tag value=a checked>
          <input type=checkbox name=tag value=b checked><input type=file name=photos multiple><input type=file name=none>
          <button>Send</button>
        </form>
        <form id=text method=post action=/text><input name=a><input name=b[c]><button>Send</button></form>`),
    )
    .post('/files', async (c) => {
      const seen: unknown[] = []
      for await (const part of multipart(c, limits))
        if (part.kind === 'field') seen.push([part.name, part.value])
        else seen.push([part.name, part.filename, part.type, sha1(await part.bytes())])
      return c.json(seen, 201)
    })
    .post('/text', [body('urlencoded')], (c) => c.json(c.state.body))
}

async function open(limits: MultipartLimits = {}): Promise<Page> {
  const server = await start(forms(limits), { onError: problemOf })
  const context = await browser.newContext()
  onTestFinished(() => context.close())
  const page = await context.newPage()
  await page.goto(`http://localhost:${server.port}/`)
  return page
}

/** Sends a form and reads the page that answers. */
async function submit(page: Page, form: string): Promise<{ status: number; content: any }> {
  const answer = page.waitForResponse((response) => response.request().method() === 'POST')
  await page.click(`#${form} button`)
  const response = await answer
  return { status: response.status(), content: await response.json() }
}

withTools(chromium)('the forms of a browser', { timeout: 30_000 }, () => {
  beforeAll(async () => {
    browser = await launchChromium()
  }, 60_000)

  afterAll(() => browser?.close())

  test('bring files and fields, in order and with their names', async () => {
    const page = await open({ totalBytes: 10_000_000 })
    const large = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => (i * 7919) >> 3))
    await page.fill('[name=title]', 'Größe "1"; x=y')
    await page.fill('[name=note]', 'two\nlines')
    await page.setInputFiles('[name=photos]', [
      { name: 'größe "1";x.png', mimeType: 'image/png', buffer: large },
      { name: 'empty', mimeType: '', buffer: Buffer.alloc(0) },
    ])
    expect(await submit(page, 'files')).toEqual({
      status: 201,
      content: [
        ['title', 'Größe "1"; x=y'],
        ['note', 'two\r\nlines'],
        ['tag', 'a'],
        ['tag', 'b'],
        ['photos', 'größe "1";x.png', 'image/png', sha1(large)],
        ['photos', 'empty', 'application/octet-stream', sha1(Buffer.alloc(0))],
        ['none', '', 'application/octet-stream', sha1(Buffer.alloc(0))],
      ],
    })
  })

  // honojs/node-server#327
  test('are told of a file that is too large, though they still send it', async () => {
    const page = await open({ totalBytes: 100_000_000, fileBytes: 100_000 })
    const buffer = Buffer.alloc(8_000_000, 'x')
    await page.setInputFiles('[name=photos]', [{ name: 'a', mimeType: 'text/plain', buffer }])
    expect(await submit(page, 'files')).toMatchObject({ status: 413, content: { code: 'CONTENT_TOO_LARGE' } })
  })

  test('without files are read as text, brackets and all', async () => {
    const page = await open()
    await page.fill('[name=a]', '1 + 1 = 2 & ö')
    await page.fill('[name="b[c]"]', '%')
    expect(await submit(page, 'text')).toEqual({ status: 200, content: { a: '1 + 1 = 2 & ö', 'b[c]': '%' } })
  })
})
