import type { Page } from 'playwright-core'

export declare const answers: readonly string[]
export declare const post: (path: string) => string
/**
 * Asks the questions, and reads the answers off the page.
 * @param slow a request of which something is missing, so that its handler waits.
 */
export declare function ask(page: Page, link: string, url: string, slow: string): Promise<readonly string[]>
