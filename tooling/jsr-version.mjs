// Gives packages/parser/jsr.json the version that changesets has given the package.
import { readFileSync, writeFileSync } from 'node:fs'

const at = (name) => new URL(`../packages/parser/${name}`, import.meta.url)
const read = (name) => JSON.parse(readFileSync(at(name), 'utf8'))
writeFileSync(
  at('jsr.json'),
  `${JSON.stringify({ ...read('jsr.json'), version: read('package.json').version }, null, 2)}\n`,
)
