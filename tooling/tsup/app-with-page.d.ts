import type { Options } from 'tsup'
/** A build for one test file: the program, with the folder of the page next to it. */
export interface Built {
  readonly program: string
  readonly page: string
  remove(): void
}
export declare function defineAppWithPage(): Options[]
/** @param url the folder of the application. */
export declare function buildAppWithPage(url: URL): Promise<Built>
