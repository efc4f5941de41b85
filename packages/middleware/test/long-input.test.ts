import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { execFile } from '@spillway/vitest-config/tools'
import { build } from 'tsup'
import { expect, onTestFinished, test } from 'vitest'

/** Far more than is needed, and far less than anything takes that looks at each of half a million characters as often. */
const watchdog = 120_000

test(
  'the time to read what others send grows with its length and no faster',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-long-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const entry = [fileURLToPath(new URL('fixtures/long-input.ts', import.meta.url))]
    const output = { format: ['cjs' as const], outExtension: () => ({ js: '.cjs' }), target: 'node20', outDir: folder }
    await build({ config: false, entry, ...output, noExternal: [/./], silent: true })
    // In a process of its own: one that is stuck can only be ended from outside.
    const run = promisify(execFile)(process.execPath, [join(folder, 'long-input.cjs')], { timeout: watchdog })
    expect((await run).stdout).toBe('done\n')
  },
  watchdog * 2,
)
