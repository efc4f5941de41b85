export interface Part {
  readonly title: string
  readonly slug: string
  readonly body: string
  readonly entries: readonly string[]
}
export declare const groups: readonly {
  readonly name: string
  readonly title: string
  readonly parts: readonly Part[]
}[]
export declare function exampleOf(part: Part): string | undefined
export declare function programOf(block: string): string | undefined
