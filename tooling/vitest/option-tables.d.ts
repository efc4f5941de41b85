/** `number` has limits, `span` is a number or a text, `needed` has no default, `any` is passed on as it is, `other` is none of these. */
type Sort = 'number' | 'span' | 'needed' | 'any' | 'other'

/** A function with options, and what each of them may be. */
export interface Reader {
  readonly name: string
  /** Reads options that are of the right kinds or not. */
  readonly read: (options: any) => unknown
  /** What has to be there for the others to be tried. */
  readonly given: object
  readonly sorts: Readonly<Record<string, Sort>>
  /** What stands before the names in errors: `limits.` */
  readonly where: string
}

/** The compiler asks for every option of `O`. */
export declare function reader<O extends object>(
  name: string,
  read: Reader['read'],
  given: object,
  sorts: Readonly<Record<keyof O, Sort>>,
  where?: string,
): Reader

/** Tests of every option: defaults, unknown names, other kinds of values, numbers out of range. */
export declare function testReaders(readers: readonly Reader[]): void
