import { defineApp } from '@spillway/tsup-config'
import type { Options } from 'tsup'

// What the packages of others require they find where they are installed, and not in a bundle.
const config: Options = defineApp({ skipNodeModulesBundle: true })
export default config
