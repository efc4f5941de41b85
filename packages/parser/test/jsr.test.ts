import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license: string
  readonly exports: Record<string, string | { readonly default: string }>
}
const read = (name: string): Manifest =>
  JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')) as Manifest

test('jsr.json says the same as package.json, of the sources instead of what is built', () => {
  const npm = read('package.json')
  const jsr = read('jsr.json')
  const entries = Object.entries(npm.exports).flatMap(([name, target]) =>
    typeof target === 'string' ? [] : [[name, target.default.replace('./dist/', './src/').replace(/js$/, 'ts')]],
  )
  expect(jsr).toMatchObject({ name: npm.name, version: npm.version, license: npm.license })
  expect(jsr.exports).toEqual(Object.fromEntries(entries))
  for (const path of Object.values(jsr.exports) as string[])
    expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toContain('@module')
})
