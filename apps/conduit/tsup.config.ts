import { defineApp } from '@spillway/tsup-config'
import type { Options } from 'tsup'

// What is optional is taken into the program otherwise, and its native part cannot be.
const config: Options = defineApp({ external: ['better-sqlite3'] })
export default config
