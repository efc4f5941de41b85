import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { inflate } from './inflate.ts'
import { type FrameVector, replayFrames, replayMessages } from './replay.ts'

const folder = new URL('../../vectors/websocket/', import.meta.url)

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const vectors = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as FrameVector[]
  describe(`vectors/websocket/${file}`, () => {
    test.each(vectors.map((vector) => [`${vector.rfc} ${vector.id}: ${vector.what}`, vector] as const))(
      '%s',
      (_, vector) => {
        expect(vector.deflate ? null : replayFrames(vector)).toBeNull()
        expect(replayMessages(vector, inflate)).toBeNull()
      },
    )
  })
}
