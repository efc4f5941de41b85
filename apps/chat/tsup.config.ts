import { defineAppWithPage } from '@spillway/tsup-config/app-with-page'
import type { Options } from 'tsup'

const config: Options[] = defineAppWithPage()
export default config
