// Every security promise names the tests that would fail if it were broken.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from './pages.ts'

const link = /\]\(((?:\.\.\/)?(?:packages|tooling)\/[^)]*(?:\.test\.ts|vectors\/[^)]*|check\.mjs))\)/

/** The rows of tables whose last column is "tested in", and what that column says. */
function rowsOf(file: string): { row: string; tests: string }[] {
  const rows: { row: string; tests: string }[] = []
  let isTable = false
  for (const line of readFileSync(join(root, file), 'utf8').split('\n')) {
    const cells = line.split(' | ')
    if (!line.startsWith('|')) isTable = false
    else if (/\| tested in\s+\|$/.test(line)) isTable = true
    else if (isTable && !/^[|\s:-]+$/.test(line)) rows.push({ row: cells[0]!, tests: cells.at(-1)! })
  }
  return rows
}

describe.each(['docs/security-model.md', 'SECURITY.md'])('%s', (file) => {
  const rows = rowsOf(file)

  it('names a test for each promise of its tables', () => {
    expect(rows.length).toBeGreaterThan(15)
    expect(rows.filter(({ tests }) => !link.test(tests)).map(({ row }) => row)).toEqual([])
  })

  it('names only vectors that are there', () => {
    const vectors = readFileSync(join(root, 'packages/parser/vectors/http2/connections.json'), 'utf8')
    const named = rows.flatMap(({ tests }) =>
      tests.includes('connections.json') ? [...tests.matchAll(/`([\w-]+)`/g)].map(([, id]) => id!) : [],
    )
    expect(named.length).toBeGreaterThan(0)
    expect(named.filter((id) => !vectors.includes(`"http2/${id}"`))).toEqual([])
  })
})

it('the security model names a test in every section', () => {
  const text = readFileSync(join(root, 'docs/security-model.md'), 'utf8')
  const sections = text.split(/^## /m).slice(1)
  expect(sections.length).toBeGreaterThan(8)
  expect(sections.filter((section) => !link.test(section)).map((section) => section.split('\n')[0]!)).toEqual([])
})
