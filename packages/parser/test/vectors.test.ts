import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as api from '../src/index.ts'
import * as fields from '../src/fields.ts'
import * as serialize from '../src/serialize.ts'
import { type Call, replay, replayCall, type Vector } from './replay.ts'

const functions = { ...fields, ...serialize }
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

for (const file of ['fields.json', 'serialize.json']) {
  const calls = JSON.parse(readFileSync(new URL(`calls/${file}`, folder), 'utf8')) as Call[]
  describe(`vectors/calls/${file}`, () => {
    test.each(calls.map((one) => [`${one.rfc} ${one.id}: ${one.what}`, one] as const))('%s', (_, one) => {
      expect(replayCall(functions, one)).toBeNull()
    })
  })
}
