import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

interface Manifest {
  readonly exports: Readonly<Record<string, unknown>>
}

// decision 046
describe.each(['parser', 'core', 'middleware', 'node', 'inspect'])('every entry of %s', (name) => {
  const { exports } = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest
  const entries = Object.entries(exports).filter(([entry]) => entry !== './package.json')

  it.each(entries)('%s has its declarations for CommonJS, and for all others', (entry, target) => {
    const file = `./dist/${entry === '.' ? 'index' : entry.slice(2)}`
    const code = `${file}.js`
    expect(Object.entries(target as object)).toEqual([
      ['require', { types: `${file}.d.cts`, default: code }],
      ['types', `${file}.d.ts`],
      ['default', code],
    ])
  })
})
