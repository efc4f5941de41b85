// Writes the tables of the READMEs from a run: node apps/bench/dist/readme.js results.json
import { readFileSync, writeFileSync } from 'node:fs'
import { markdown, replaceTables } from './markdown.ts'
import type { Record } from './page.ts'

const record = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Record
for (const file of ['README.md', 'apps/bench/README.md']) {
  const url = new URL(`../../../${file}`, import.meta.url)
  writeFileSync(url, replaceTables(readFileSync(url, 'utf8'), markdown(record)))
}
