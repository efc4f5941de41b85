import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { programFromSources } from '@spillway/tsup-config'
import { build } from 'tsup'
import { afterAll } from 'vitest'

/** The URL of `@spillway/node`, built from the current sources; removed when the tests have ended. */
export async function installedFromSources(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-compat-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  await build({
    ...programFromSources,
    entry: { installed: fileURLToPath(new URL('../../../packages/node/src/index.ts', import.meta.url)) },
    outDir: folder,
  })
  return `file://${folder}/installed.mjs`
}
