import { definePackage, together } from '@spillway/tsup-config'
import type { Options } from 'tsup'
import manifest from './package.json' with { type: 'json' }

const config: Options = definePackage(manifest, { esbuildPlugins: [together(['index'], ['web', 'options'])] })
export default config
