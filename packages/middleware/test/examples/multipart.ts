import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { multipart } from '@spillway/middleware/multipart'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router().post('/upload', async (c) => {
  const stored: Record<string, string> = {}
  for await (const part of multipart(c, { totalBytes: 5e9, fileBytes: 2e9, files: 10 })) {
    if (part.kind === 'field') continue // part.name, part.value
    const name = `upload-${randomUUID()}` // never part.filename
    await pipeline(part, createWriteStream(name)) // as fast as the disk, and no faster
    stored[part.name] = name
  }
  return c.json(stored, 201)
})
