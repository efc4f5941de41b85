import { definePackageTests } from '@spillway/vitest-config'
import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = definePackageTests()
export default config
