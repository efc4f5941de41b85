import { defineApp } from '@spillway/tsup-config'
import type { Options } from 'tsup'

/** The page: one script for browsers, beside the files of `public/`. The tests build it, too. */
export const page: Options = {
  entry: { app: 'page/main.ts' },
  format: ['esm'],
  target: 'es2022',
  platform: 'browser',
  outDir: 'dist/public',
  publicDir: 'public',
  minify: true,
  clean: true,
}

// Both are built at the same time, so each cleans its own folder only.
const config: Options[] = [defineApp({ clean: ['!public/**'] }), page]
export default config
