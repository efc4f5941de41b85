export interface Runtime {
  readonly name: string
  readonly command?: readonly string[]
  readonly browser?: boolean
}
export interface Result {
  readonly version?: string
  readonly passed?: number
  readonly failed?: readonly string[]
  /** Why the runtime could not be had. */
  readonly missing?: string
}
export interface Prepared {
  run(runtime: Runtime): Promise<Result>
  remove(): void
}
export declare const runtimes: readonly Runtime[]
export declare function prepare(suite: string): Promise<Prepared>
