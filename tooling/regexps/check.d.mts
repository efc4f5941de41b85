export interface Expression {
  readonly line: number
  /** Undefined when its text is not in the file. */
  readonly pattern: string | undefined
  readonly flags: string
}
export declare function expressionsOf(text: string, name?: string): Expression[]
export declare function faultsIn(files: readonly { readonly name: string; readonly text: string }[]): string[]
