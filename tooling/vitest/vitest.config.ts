import type { ViteUserConfig } from 'vitest/config'
import { definePackageTests } from './index.js'

const config: ViteUserConfig = definePackageTests()
export default config
