// A file with several exports begins with a line that says what they have in common.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const exported = /^export (?:declare |abstract |async )*(?:function|class|const|let|interface|type|enum)\b/gm
const begun = /^(?:#!.*\n)?(?:\/\/|\/\*)/

const sources = ['packages', 'apps', 'tooling'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(
      (name) =>
        /\.m?ts$/.test(name) &&
        !/\.d\.m?ts$/.test(name) &&
        !/(?:^|\/)(?:node_modules|dist|test|examples|templates)\//.test(name),
    )
    .map((name) => ({ name: join(folder, name), text: readFileSync(join(root, folder, name), 'utf8') })),
)

it('a file with several exports says first what it is for', () => {
  const several = sources.filter(({ text }) => (text.match(exported) ?? []).length > 1)
  expect(several.length).toBeGreaterThan(300)
  expect(several.filter(({ text }) => !begun.test(text)).map(({ name }) => name)).toEqual([])
})
