import { describe, expect, test } from 'vitest'
import { collection } from './collection.ts'
import { openDatabase } from '../src/database/database.ts'
import { explained } from '../src/database/sqlite.ts'
import { isMissing } from './support.ts'

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

test('where SQLite itself is missing, it is said what to do', () => {
  const missing = new Error('Could not locate the bindings file. Tried:\n → a\n → b')
  expect(explained(missing).message).toMatch(/^SQLite could neither .+ or take PostgreSQL: DATABASE=postgres:/)
  const other = Object.assign(new Error('compiled against another'), { code: 'ERR_DLOPEN_FAILED' })
  expect(explained(other).message).toContain('rebuild better-sqlite3')
  expect(explained(new Error('unable to open database file')).message).toBe('unable to open database file')
})
