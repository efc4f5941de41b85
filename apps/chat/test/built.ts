import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { programFromSources } from '@spillway/tsup-config'
import { type Options, build } from 'tsup'
import { page } from '../tsup.config.ts'

const here = fileURLToPath(new URL('..', import.meta.url))

/** What is built for one test file: the program, with the page beside it. */
export interface Built {
  readonly program: string
  readonly page: string
  remove(): void
}

/** Builds the chat from the sources as they are, so that no test runs against a forgotten build. */
export async function buildChat(): Promise<Built> {
  const folder = mkdtempSync(join(tmpdir(), 'chat-'))
  const common: Options = { config: false, silent: true, clean: false }
  const site = join(folder, 'public')
  await build({
    ...page,
    ...common,
    entry: { app: join(here, 'page/main.ts') },
    outDir: site,
    publicDir: join(here, 'public'),
  })
  await build({
    ...programFromSources,
    entry: { main: join(here, 'src/main.ts') },
    outDir: folder,
  })
  return { program: join(folder, 'main.mjs'), page: site, remove: () => rmSync(folder, { recursive: true }) }
}
