/** `number` has limits, `span` is a number or a string, `needed` is required, `any` is passed on as it is, `other` is none of these. */
type Sort = 'number' | 'span' | 'needed' | 'any' | 'other'

/** A function that reads options, and the kind of each option. */
export interface Reader {
  readonly name: string
  /** Reads options, valid or not. */
  readonly read: (options: any) => unknown
  /** Options that must be present while the others are tested. */
  readonly given: object
  readonly sorts: Readonly<Record<string, Sort>>
  /** The prefix of the names in errors: `limits.` */
  readonly where: string
}

/** Its types require an entry for every option of `O`. */
export declare function reader<O extends object>(
  name: string,
  read: Reader['read'],
  given: object,
  sorts: Readonly<Record<keyof O, Sort>>,
  where?: string,
): Reader

/** Tests every option: defaults, unknown names, values of the wrong kind, numbers out of range. */
export declare function testReaders(readers: readonly Reader[]): void
