import { definePackageTests } from '@spillway/vitest-config'
import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = definePackageTests({ testTimeout: 120_000 })
export default config
