import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromSources, programFromSources } from '@spillway/tsup-config'
import { type Options, build } from 'tsup'
import { writePages } from '../../../packages/inspect/pages.ts'
import { page, programs, site as lab } from '../tsup.config.ts'

const here = fileURLToPath(new URL('..', import.meta.url))

/** What is built for one test file. */
export interface Built {
  readonly folder: string
  /** The folder of the site. */
  readonly root: URL
  remove(): void
}

/** Builds the lab from the sources as they are, so that no test runs against a forgotten build. */
export async function buildLab(parts: { readonly server: boolean }): Promise<Built> {
  const folder = mkdtempSync(join(tmpdir(), 'wire-lab-'))
  const common: Options = { config: false, silent: true, clean: false }
  const site = join(folder, 'public')
  await build({
    ...page,
    ...common,
    entry: inHere(page.entry as Record<string, string>),
    outDir: site,
    ...fromSources,
  })
  writePages(site, lab)
  if (parts.server)
    await build({
      ...programFromSources,
      entry: inHere(programs),
      outDir: folder,
    })
  return { folder, root: new URL(`file://${site}/`), remove: () => rmSync(folder, { recursive: true }) }
}

function inHere(entry: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(entry).map(([name, file]) => [name, join(here, file)]))
}
