import { definePackage } from '@spillway/tsup-config'
import type { Options } from 'tsup'
import manifest from './package.json' with { type: 'json' }

const config: Options = definePackage(manifest, {
  esbuildOptions(options) {
    // Puts the numeric constants of the sources in place: a constant of a module is a memory load for every byte.
    options.minifySyntax = true
  },
})
export default config
