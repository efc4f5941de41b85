import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { OpenFile } from '../src/lib/files/open-file.ts'
import { FileBody } from '../src/lib/static/file-body.ts'

it('a large file says which blocks it holds: two while it is read, none behind its end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-file-body-'))
  const path = join(folder, 'large')
  const block = 1024 * 1024
  writeFileSync(path, Buffer.alloc(3 * block))
  const handle = await open(path)
  try {
    const stats = await stat(path, { bigint: true })
    const body = new FileBody({ handle, stats } as unknown as OpenFile, 0, 3 * block - 1)
    const held = (): number => {
      const blocks = new Set<ArrayBufferLike>()
      const alone = body.held({ share: (memory) => void blocks.add(memory) })
      return alone + [...blocks].reduce((bytes, { byteLength }) => bytes + byteLength, 0)
    }
    expect(held()).toBe(0)
    await body.next()
    expect(held()).toBe(2 * block)
    await body.next()
    expect(held()).toBe(2 * block)
    await body.return()
    expect(held()).toBe(0)
  } finally {
    await handle.close()
    rmSync(folder, { recursive: true })
  }
})
