import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'
import { defineApp, programFromSources } from './index.js'

/** Bundles `page/main.ts` into one script for browsers, next to the files of `public/`. */
const page = {
  entry: { app: 'page/main.ts' },
  format: ['esm'],
  target: 'es2022',
  platform: 'browser',
  outDir: 'dist/public',
  publicDir: 'public',
  minify: true,
  clean: true,
}

/** An application with a page. Both are built at the same time, so each cleans only its own folder. */
export function defineAppWithPage() {
  return [defineApp({ clean: ['!public/**'] }), page]
}

/** Builds one for a test file from the current sources, so that no test runs against a stale build. */
export async function buildAppWithPage(url) {
  const here = fileURLToPath(url)
  const folder = mkdtempSync(join(tmpdir(), 'app-'))
  const site = join(folder, 'public')
  await build({
    ...page,
    config: false,
    silent: true,
    clean: false,
    entry: { app: join(here, 'page/main.ts') },
    outDir: site,
    publicDir: join(here, 'public'),
  })
  await build({ ...programFromSources, entry: { main: join(here, 'src/main.ts') }, outDir: folder })
  return { program: join(folder, 'main.mjs'), page: site, remove: () => rmSync(folder, { recursive: true }) }
}
