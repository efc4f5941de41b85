import type { Options } from 'tsup'
/** What is built for one test file: the program, with the folder of the page beside it. */
export interface Built {
  readonly program: string
  readonly page: string
  remove(): void
}
export declare function defineAppWithPage(): Options[]
/** @param url the folder of the application. */
export declare function buildAppWithPage(url: URL): Promise<Built>
