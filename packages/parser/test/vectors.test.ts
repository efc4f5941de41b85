import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as api from '../src/index.ts'
import { replay, type Vector } from './replay.ts'

const folder = new URL('../vectors/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

for (const file of files) {
  const vectors = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Vector[]
  describe(`vectors/${file}`, () => {
    test.each(vectors.map((vector) => [`${vector.rfc} ${vector.id}: ${vector.what}`, vector] as const))(
      '%s',
      (_, vector) => {
        expect(replay(api, vector)).toBeNull()
      },
    )
  })
}
