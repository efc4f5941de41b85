import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { multipart } from '@spillway/middleware/multipart'
import { problems } from '@spillway/middleware/problem'
import { type Router, router } from '@spillway/middleware/router'
import { sendFiles } from '@spillway/middleware/static'

const folder = process.env['UPLOADS'] ?? 'uploads'
await mkdir(folder, { recursive: true })
const send = sendFiles(folder)

export const app: Router = router()
  .use(problems())
  .post('/uploads', async (c) => {
    const stored: string[] = []
    for await (const part of multipart(c, { totalBytes: 100e6, fileBytes: 50e6, files: 5 })) {
      if (part.kind === 'field') continue
      const id = randomUUID() // never part.filename, which the client chooses
      const unfinished = join(folder, `${id}.part`)
      try {
        await pipeline(part, createWriteStream(unfinished)) // as fast as the disk accepts it
        await rename(unfinished, join(folder, id))
      } catch (error) {
        await rm(unfinished, { force: true }) // the client has left, or the file is too large: 413
        throw error
      }
      stored.push(id)
    }
    return c.json(stored, 201)
  })
  // Ranges, conditions and HEAD are answered as for static files.
  .get('/uploads/:id([0-9a-f-]{36})', (c) => send(c, c.params.id, { attachment: 'upload.bin' }))
  // Any async iterable, Node stream or web stream is sent as fast as the client reads it.
  .get('/export.csv', (c) => c.stream(lines(), { headers: { 'Content-Type': 'text/csv' } }))
  .get('/self', (c) => c.stream(createReadStream(new URL(import.meta.url))))

async function* lines(): AsyncGenerator<string> {
  yield 'number,square\n'
  for (let number = 1; number <= 1000; number++) yield `${number},${number ** 2}\n`
}
