import { definePackage, together } from '@spillway/tsup-config'
import type { Options } from 'tsup'
import manifest from './package.json' with { type: 'json' }

const config: Options = definePackage(manifest, {
  esbuildPlugins: [together(['index', 'serialize', 'fields'])],
  esbuildOptions(options) {
    // Puts the numeric constants of the sources in place: a constant of a module is a memory load for every byte.
    options.minifySyntax = true
    // Members that are private or protected have an underscore, so that they can be given short names.
    options.mangleProps = /^_[a-z]/i
  },
})
export default config
