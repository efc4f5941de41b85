export interface Instance {
  readonly port: number
  readonly pid: number
}
export interface Result {
  readonly group: string
  readonly name: string
  readonly passed: boolean
  readonly error: unknown
}
export function score(
  root: string,
  instances: Readonly<Record<'site' | 'listing' | 'application', Instance>>,
  seen?: (result: Result) => void,
): Promise<Result[]>
