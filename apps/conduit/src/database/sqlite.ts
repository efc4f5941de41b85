// A database in a file, by SQLite.
import Sqlite from 'better-sqlite3'
import { type Database, TakenError, type Value } from './database.ts'
import { tables } from './tables.ts'

/** @param file `:memory:` for one that is gone with the process. */
export function openSqlite(file: string): Database {
  const connection = new Sqlite(file)
  // Statements are made once and kept, which `pragma()` does not do: some versions of Node.js 24 abort when one is collected as garbage.
  connection.exec('PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON')
  connection.exec(tables('INTEGER PRIMARY KEY'))
  const statements = new Map<string, Sqlite.Statement>()
  /** There is one connection, so other statements wait until a transaction is over. */
  let transaction: Promise<void> = Promise.resolve()

  const run = <Row>(text: string, values: readonly Value[]): Row[] => {
    let statement = statements.get(text)
    if (!statement) statements.set(text, (statement = connection.prepare(text)))
    try {
      if (statement.reader) return statement.all(...values) as Row[]
      statement.run(...values)
      return []
    } catch (error) {
      const [, column] = /UNIQUE constraint failed: \w+\.(\w+)/.exec((error as Error).message) ?? []
      throw column === undefined ? error : new TakenError(column, error)
    }
  }
  const inside: Database = {
    all: async (text, ...values) => run(text, values),
    transaction: (work) => work(inside),
    close: () => Promise.reject(new Error('A transaction is under way')),
  }
  return {
    async all(text, ...values) {
      await transaction
      return run(text, values)
    },
    async transaction(work) {
      const before = transaction
      let isOver!: () => void
      transaction = new Promise((resolve) => (isOver = resolve))
      await before
      connection.exec('BEGIN')
      try {
        const result = await work(inside)
        connection.exec('COMMIT')
        return result
      } catch (error) {
        connection.exec('ROLLBACK')
        throw error
      } finally {
        isOver()
      }
    },
    async close() {
      await transaction
      connection.close()
    },
  }
}

/** Says what to do when SQLite itself is missing: a part of its package is downloaded or compiled when that is installed. */
export function explained(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'ERR_DLOPEN_FAILED' && !error.message.includes('bindings file')) return error
  error.code = 'ERR_DLOPEN_FAILED'
  error.message =
    'SQLite could neither be downloaded nor compiled when better-sqlite3 was installed, or that was for another version of Node.js. ' +
    'Try `npx pnpm rebuild better-sqlite3`, or take PostgreSQL: DATABASE=postgres://user:password@host/database'
  return error
}
