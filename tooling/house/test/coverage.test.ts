import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

describe("core's table of sections and tests", () => {
  const folder = join(root, 'packages/core/test')
  const rows = readFileSync(join(folder, 'COVERAGE.md'), 'utf8')
    .split('\n')
    .map((line) => /^\| (RFC .*?) +\| .* \| `([^`]+)`: (.*?) +\|$/.exec(line))
    .filter((row) => row !== null)
    .map(([, section, file, name]) => ({ section, file: file!, name: name! }))

  it('names only tests that are there', () => {
    expect(rows.length).toBeGreaterThan(20)
    const missing = rows.filter(({ file, name }) => !readFileSync(join(folder, file), 'utf8').includes(name))
    expect(missing).toEqual([])
  })

  it('has every describe of HTTP/1 that names a section', () => {
    const named = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts') && !name.startsWith('http2'))
      .flatMap((name) =>
        [...readFileSync(join(folder, name), 'utf8').matchAll(/describe\((['"])(.*\(RFC \d{4}[^)]*\))\1/g)].map(
          ([, , title]) => ({ file: name, title: title! }),
        ),
      )
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter(({ file, title }) => !rows.some((row) => row.file === file && row.name === title))).toEqual([])
  })
})

describe('the index of decisions', () => {
  const folder = join(root, 'docs/decisions')
  const records = readdirSync(folder).filter((name) => /^\d{3}-.*\.md$/.test(name))
  const index = readFileSync(join(folder, 'README.md'), 'utf8')

  it('has a line for each record', () => {
    expect(records.filter((name) => !index.includes(`- [${name.slice(0, 3)}](${name}) `))).toEqual([])
  })

  it('and the records have numbers of their own', () => {
    const numbers = records.map((name) => name.slice(0, 3))
    expect(numbers.filter((number, i) => numbers.indexOf(number) !== i)).toEqual([])
  })

  const sources = ['packages', 'apps', 'tooling'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(?:m?[jt]s|md)$/.test(name) && !/(?:^|[/\\])(?:node_modules|dist|CHANGELOG\.md)/.test(name))
      .filter((name) => !/^docs[/\\]site[/\\](?:decisions|reference|packages)/.test(name))
      .map((name) => readFileSync(join(root, top, name), 'utf8')),
  )
  const referred = sources.flatMap((text) => [
    ...[...text.matchAll(/decisions? ((?:\d{3}(?:, | and )?)+)/gi)].flatMap(([, numbers]) => numbers!.match(/\d{3}/g)!),
    ...[...text.matchAll(/docs\/decisions\/(\d{3})-/g)].map(([, number]) => number!),
  ])

  it('has every record that sources and READMEs refer to', () => {
    const numbers = new Set(records.map((name) => name.slice(0, 3)))
    expect(referred.filter((number) => !numbers.has(number))).toEqual([])
  })

  it('has no record that nobody is led to by the code that it is about', () => {
    expect(records.filter((name) => !referred.includes(name.slice(0, 3)))).toEqual([])
  })
})
