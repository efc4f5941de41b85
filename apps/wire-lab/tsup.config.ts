// The build of the lab: its program, and the pages.
import { defineApp } from '@spillway/tsup-config'
import type { Options } from 'tsup'
import { type Site, writePages } from '../../packages/inspect/pages.ts'

/** The lab, and the programs it starts as separate processes. */
export const programs: Record<string, string> = {
  main: 'src/main.ts',
  'many-server': 'src/many/server.ts',
  'many-load': 'src/many/load.ts',
}

/** The scripts of the site: one for each page that has one. The tests build them as well. */
export const page: Options = {
  entry: { live: 'page/live/main.ts', bytes: '../../packages/inspect/page/bytes/main.ts', many: 'page/many/main.ts' },
  format: ['esm'],
  target: 'es2022',
  platform: 'browser',
  outDir: 'dist/public',
  minify: true,
  splitting: true,
  clean: true,
  noExternal: [/.*/],
}

/** The pages of the lab, which are built upon those of the inspector. */
export const site: Site = { pages: new URL('public/', import.meta.url), styles: new URL('styles/', import.meta.url) }

// Both are built at the same time, so each cleans its own folder only.
const config: Options[] = [
  defineApp({ entry: programs, clean: ['!public/**'] }),
  { ...page, onSuccess: async () => writePages('dist/public', site) },
]
export default config
