// The notes: their schemas, and where they are stored.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { z } from 'zod'
import { env } from './env.ts'

export const Note = z.object({ id: z.int(), text: z.string().min(1).max(10_000), done: z.boolean() })
export type Note = z.infer<typeof Note>
export const NewNote = Note.pick({ text: true })
export const NoteChange = Note.pick({ text: true, done: true }).partial()

interface Row {
  readonly id: number
  readonly text: string
  readonly done: number
}

mkdirSync(dirname(env.DATABASE), { recursive: true })
const database = new Database(env.DATABASE)
// Statements are made once and kept, which `pragma()` does not do: some versions of Node.js 24 abort when one is collected as garbage.
database.exec('PRAGMA journal_mode = WAL')
database.exec(
  'CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0)',
)

const statements = {
  all: database.prepare<[number, number], Row>('SELECT * FROM notes ORDER BY id LIMIT ? OFFSET ?'),
  one: database.prepare<[number], Row>('SELECT * FROM notes WHERE id = ?'),
  add: database.prepare<[string], Row>('INSERT INTO notes (text) VALUES (?) RETURNING *'),
  change: database.prepare<[string | null, number | null, number], Row>(
    'UPDATE notes SET text = coalesce(?, text), done = coalesce(?, done) WHERE id = ? RETURNING *',
  ),
  remove: database.prepare<[number]>('DELETE FROM notes WHERE id = ?'),
}

const noteOf = ({ id, text, done }: Row): Note => ({ id, text, done: done !== 0 })

export const notes = {
  all: (limit: number, offset: number): Note[] => statements.all.all(limit, offset).map(noteOf),
  find(id: number): Note | undefined {
    const row = statements.one.get(id)
    return row && noteOf(row)
  },
  add: ({ text }: z.infer<typeof NewNote>): Note => noteOf(statements.add.get(text)!),
  change(id: number, { text, done }: z.infer<typeof NoteChange>): Note | undefined {
    const row = statements.change.get(text ?? null, done === undefined ? null : Number(done), id)
    return row && noteOf(row)
  },
  remove: (id: number): boolean => statements.remove.run(id).changes > 0,
}
