import type { Started } from './servers.mjs'

/** One thing that a front server should do; throws when it does not. */
export interface Check {
  readonly group: string
  readonly name: string
  readonly run: (at: Started) => Promise<void>
}

export interface Result {
  readonly group: string
  readonly name: string
  readonly passed: boolean
  readonly error: string
}

export declare function score(checks: readonly Check[], at: Started): Promise<Result[]>
