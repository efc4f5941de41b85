import type { Check } from './client.mjs'

export declare const checks: readonly Check[]
