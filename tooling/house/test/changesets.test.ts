import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

const published = ['packages', 'apps', 'tooling']
  .flatMap((folder) => readdirSync(new URL(folder, root)).map((name) => `${folder}/${name}/package.json`))
  .filter((path) => existsSync(new URL(path, root)))
  .map((path) => JSON.parse(read(path)) as { readonly name: string; readonly private?: boolean })
  .filter((one) => one.private !== true)
  .map(({ name }) => name)

// One that names a private package beside a published one keeps all of them from being released.
test.each(readdirSync(new URL('.changeset', root)).filter((name) => name.endsWith('.md') && name !== 'README.md'))(
  '%s is for packages that are published',
  (name) => {
    const [, head = ''] = read(`.changeset/${name}`).split('---\n')
    const named = [...head.matchAll(/^['"]?([^'":]+)['"]?: (?:patch|minor|major)$/gm)].map(([, one = '']) => one)
    expect(named).not.toEqual([])
    expect(named.filter((one) => !published.includes(one))).toEqual([])
  },
)
