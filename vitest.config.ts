import { defineConfig, type ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = defineConfig({
  test: {
    projects: ['{packages,apps,tooling}/*/vitest.config.ts'],
    passWithNoTests: true,
    reporters: ['default', './tooling/vitest/summary-reporter.js'],
  },
})
export default config
