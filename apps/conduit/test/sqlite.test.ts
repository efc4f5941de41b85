import { describe, expect, test } from 'vitest'
import { collection } from './collection.ts'
import { openDatabase } from '../src/database/database.ts'
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
