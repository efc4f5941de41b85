import { defineApp } from '@spillway/tsup-config'
import type { Options } from 'tsup'

// Dependencies are not bundled: they require other packages from where they are installed.
const config: Options = defineApp({ skipNodeModulesBundle: true })
export default config
