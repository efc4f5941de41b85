import { defineApp } from '@spillway/tsup-config'
import type { Options } from 'tsup'

// The capture reader is part of the inspector; bundling it saves users from installing that.
const config: Options = defineApp({ noExternal: ['@spillway/inspect'] })
export default config
