import { defineApp } from '@spillway/tsup-config'
import type { Options } from 'tsup'

const config: Options = defineApp()
export default config
