import type { Tool } from '../../vitest/programs.js'

export interface Site {
  readonly home: string
  readonly app: { readonly port: number; readonly seen: { readonly uploads: number; readonly bigDone: number } }
  readonly values: () => Promise<Readonly<Record<string, string | number>>>
  readonly stop: () => Promise<void>
}

/** What the site needs. */
export declare const php: Tool
export declare const openssl: Tool
export declare function startSite(): Promise<Site>
