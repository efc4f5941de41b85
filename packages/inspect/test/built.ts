import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromSources, programFromSources } from '@spillway/tsup-config'
import { build } from 'tsup'
import { writePages } from '../pages.ts'
import { page } from '../tsup.config.ts'

const here = fileURLToPath(new URL('..', import.meta.url))

/** Builds the inspector from the sources as they are, so that no test runs against a forgotten build. */
export async function buildInspector(): Promise<{ readonly folder: string; remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'inspector-'))
  const common = { config: false as const, silent: true, clean: false, tsconfig: join(here, 'tsconfig.json') }
  const entry = (names: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(names).map(([name, file]) => [name, join(here, file)]))
  await build({
    ...page,
    ...common,
    tsconfig: join(here, 'page/tsconfig.json'),
    entry: entry(page.entry as Record<string, string>),
    outDir: join(folder, 'public'),
    ...fromSources,
  })
  writePages(join(folder, 'public'))
  await build({
    ...programFromSources,
    ...common,
    entry: entry({ index: 'src/index.ts', auto: 'src/auto.ts', cli: 'src/cli.ts', program: 'test/program.ts' }),
    outDir: folder,
    splitting: true,
  })
  return { folder, remove: () => rmSync(folder, { recursive: true }) }
}
