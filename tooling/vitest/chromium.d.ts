import type { Browser } from 'playwright-core'
import type { Tool } from './programs.js'

export declare const chromium: Tool

/** Starts Chromium so that it makes no network requests of its own. @throws Error when it is missing */
export declare function launchChromium(...more: readonly string[]): Promise<Browser>
