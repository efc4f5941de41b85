import { definePackage } from '@spillway/tsup-config'
import type { Options } from 'tsup'
import manifest from './package.json' with { type: 'json' }
import { writePages } from './pages.ts'

/** The scripts of the page. The tests build them, too. */
export const page: Options = {
  entry: { live: 'page/main.ts', bytes: 'page/bytes/main.ts' },
  format: ['esm'],
  target: 'es2022',
  platform: 'browser',
  outDir: 'dist/public',
  minify: true,
  splitting: true,
  clean: true,
  noExternal: [/.*/],
}

const library = definePackage(manifest)

// Both are built at the same time, so each cleans its own folder only.
const config: Options[] = [
  { ...library, entry: [...(library.entry as string[]), 'src/cli.ts'], clean: ['!public/**'] },
  { ...page, onSuccess: async () => writePages('dist/public') },
]
export default config
