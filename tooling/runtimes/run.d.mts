export interface Runtime {
  readonly name: string
  readonly command?: readonly string[]
  readonly isBrowser?: boolean
}
export interface Result {
  readonly version?: string
  readonly passed?: number
  /** How many checks failed as they are known to. */
  readonly gaps?: number
  readonly failed?: readonly string[]
  /** Why the runtime could not be had. */
  readonly missing?: string
}
export interface Prepared {
  run(runtime: Runtime): Promise<Result>
}
export interface Packed {
  prepare(suite: string): Prepared
  remove(): void
}
export declare const runtimes: readonly Runtime[]
export declare function pack(): Packed
