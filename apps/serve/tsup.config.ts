import { defineApp } from '@spillway/tsup-config'
import type { Options } from 'tsup'

const config: Options = defineApp({ entry: ['src/main.ts', 'src/dev-worker.ts', 'src/dev-hooks.ts'] })
export default config
