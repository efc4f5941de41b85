import { defineApp } from '@spillway/tsup-config'
import type { Options } from 'tsup'

// What reads captures is part of the inspector, which is not to be installed for that.
const config: Options = defineApp({ noExternal: ['@spillway/inspect'] })
export default config
