import type { ViteUserConfig } from 'vitest/config'
export declare function definePackageTests(over?: ViteUserConfig['test']): ViteUserConfig
