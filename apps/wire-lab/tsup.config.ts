import { defineApp } from '@spillway/tsup-config'
import type { Options } from 'tsup'

/** The site: one script for each page that has one, beside the files of `public/`. The tests build it, too. */
export const page: Options = {
  entry: { live: 'page/live/main.ts', bytes: 'page/bytes/main.ts' },
  format: ['esm'],
  target: 'es2022',
  platform: 'browser',
  outDir: 'dist/public',
  publicDir: 'public',
  minify: true,
  splitting: true,
  clean: true,
  noExternal: [/.*/],
}

// Both are built at the same time, so each cleans its own folder only.
const config: Options[] = [defineApp({ clean: ['!public/**'] }), page]
export default config
