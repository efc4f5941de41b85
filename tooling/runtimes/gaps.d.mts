export interface Gap {
  readonly what: string
  readonly where: readonly string[]
  readonly instead: string
  readonly says: string
  readonly checks: Readonly<Record<string, readonly string[]>>
}
interface Failure {
  readonly check: string
  readonly error: string
}
export declare const gaps: readonly Gap[]
export declare function rowOf(gap: Gap): string
export declare function judge(
  suite: string,
  runtime: string,
  result: { readonly passed: number; readonly failed: readonly Failure[] },
): { passed: number; gaps: number; failed: string[] }
