import { execFileSync } from 'node:child_process'
import { type Browser, chromium } from 'playwright-core'

/** Where Debian has put Chromium; undefined, with a word of it, when it is not there. */
export const executablePath: string | undefined = find()

function find(): string | undefined {
  try {
    return execFileSync('which', ['chromium'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    process.stderr.write('middleware: no `chromium` on the PATH, so the tests with a browser are skipped\n')
    return undefined
  }
}

const flags =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath!, args: flags.split(' ') })
}
