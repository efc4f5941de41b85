import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const list = readFileSync(new URL('COMPLAINTS.md', import.meta.url), 'utf8')
const rows = list.split('\n').filter((line) => /^\| (?!what |-)/.test(line))

test('every complaint has a test, and that is there', () => {
  expect(rows.length).toBeGreaterThan(60)
  for (const row of rows) {
    const [, file = '', title = ''] = /`(\S+\.test\.ts)` “(.+)”/.exec(row) ?? []
    const place = new URL(file, import.meta.url)
    expect([row, file !== '' && existsSync(place)]).toEqual([row, true])
    expect([file, title, readFileSync(place, 'utf8').includes(title)]).toEqual([file, title, true])
  }
})
