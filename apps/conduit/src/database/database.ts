/** The types of values that this application stores. */
export type Value = string | number | null

/** SQLite or PostgreSQL: the statements of this application are SQL for both, with `?` for values. */
export interface Database {
  /** Runs one statement. @returns the rows that it gives. */
  all<Row extends object>(statement: string, ...values: readonly Value[]): Promise<Row[]>
  /** Runs statements in a transaction. @param work must use only the database that it is given. */
  transaction<T>(work: (database: Database) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** The first row, where there is one. */
export async function one<Row extends object>(
  database: Database,
  statement: string,
  ...values: readonly Value[]
): Promise<Row | undefined> {
  return (await database.all<Row>(statement, ...values))[0]
}

/** A value that must be unique exists already. */
export class TakenError extends Error {
  readonly column: string

  constructor(column: string, cause: unknown) {
    super(`${column} is taken`, { cause })
    this.column = column
  }
}

/**
 * Opens it, with its tables.
 * @param where `postgres://…`, a file of SQLite, or `:memory:` for one that is gone with the process.
 */
export async function openDatabase(where: string): Promise<Database> {
  if (!/^postgres(?:ql)?:/.test(where)) {
    const { explained, openSqlite } = await import('./sqlite.ts')
    try {
      return openSqlite(where)
    } catch (error) {
      throw explained(error as NodeJS.ErrnoException)
    }
  }
  return (await import('./postgres.ts')).openPostgres(where)
}
