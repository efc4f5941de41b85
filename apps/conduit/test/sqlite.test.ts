import { describe, expect, test } from 'vitest'
import { collection } from './collection.ts'
import { openDatabase } from '../src/database/database.ts'

// better-sqlite3 is compiled when it is installed. Where there is no compiler there is no database either.
const isMissing = await import('better-sqlite3')
  .then(({ default: Database }) => void new Database(':memory:').close())
  .then(
    () => false,
    () => true,
  )
if (isMissing) console.error('better-sqlite3 could not be built: tests with it are skipped')

describe.skipIf(isMissing)('with SQLite', () => {
  collection(() => ':memory:')

  test('what fails in a transaction counts for nothing, and nothing else gets into it', async () => {
    const database = await openDatabase(':memory:')
    const add = 'INSERT INTO users (username, email, password) VALUES (?, ?, ?)'
    const failing = database.transaction(async (inside) => {
      await inside.all(add, 'a', 'a', 'a')
      await new Promise((resolve) => setImmediate(resolve))
      throw new Error('no')
    })
    const beside = database.all(add, 'b', 'b', 'b')
    await expect(failing).rejects.toThrow('no')
    await beside
    expect(await database.all('SELECT username FROM users')).toEqual([{ username: 'b' }])
    await database.close()
  })
})
