import { execFileSync } from 'node:child_process'
import { type Browser, type BrowserContextOptions, type Page, chromium } from 'playwright-core'

/** Where Chromium is; undefined, with a message, when there is none. */
export const executablePath: string | undefined = findChromium()

const flags =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'

function findChromium(): string | undefined {
  try {
    return execFileSync('which', ['chromium'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    process.stderr.write('wire-lab: no `chromium` on the PATH, so the tests of the page are skipped\n')
    return undefined
  }
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath!, args: flags.split(' ') })
}

/** Opens a page. @param complaints gets the errors in it. */
export async function visit(
  browser: Browser,
  url: string,
  complaints: string[],
  options: BrowserContextOptions = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 960 }, ...options })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`)
  })
  await page.goto(url)
  return page
}
