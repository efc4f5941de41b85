import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** The packages that are published, with their versions. */
const versions = new Map(
  ['packages', 'apps', 'tooling']
    .flatMap((folder) => readdirSync(new URL(folder, root)).map((name) => `${folder}/${name}/package.json`))
    .filter((path) => existsSync(new URL(path, root)))
    .map(
      (path) =>
        JSON.parse(read(path)) as { readonly name: string; readonly version: string; readonly private?: boolean },
    )
    .filter((one) => one.private !== true)
    .map(({ name, version }) => [name, version]),
)
const published = [...versions.keys()]

const notes = readdirSync(new URL('.changeset', root)).filter((name) => name.endsWith('.md') && name !== 'README.md')

// A changeset that names a private package beside a published one blocks every release.
test.each(notes)('%s is for packages that are published', (name) => {
  const [, head = ''] = read(`.changeset/${name}`).split('---\n')
  const named = [...head.matchAll(/^['"]?([^'":]+)['"]?: (?:patch|minor|major)$/gm)].map(([, one = '']) => one)
  expect(named).not.toEqual([])
  expect(named.filter((one) => !published.includes(one))).toEqual([])
})

const unreleased = published.filter((name) => versions.get(name) === '0.0.0')
test.each(unreleased)('what %s is, is in the notes of its first release', (name) => {
  const first = notes.filter((note) =>
    read(`.changeset/${note}`).includes(`'${name}': minor\n---\n\nThe first release: `),
  )
  expect(first).toHaveLength(1)
})

test('a changelog has notes as they were written, and one line for all that is needed', async () => {
  const { default: changelog } = (await import(new URL('.changeset/changelog.cjs', root).href)) as {
    default: {
      getReleaseLine(note: { summary: string }): Promise<string>
      getDependencyReleaseLine(notes: unknown, updated: { name: string; newVersion: string }[]): Promise<string>
    }
  }
  expect(await changelog.getReleaseLine({ summary: 'One.\n\n- two\n' })).toBe('- One.\n\n  - two')
  const needed = ['a', 'b'].map((name) => ({ name, newVersion: '1.0.0' }))
  expect(await changelog.getDependencyReleaseLine([], needed)).toBe('- Needs `a` 1.0.0, `b` 1.0.0.')
  expect(await changelog.getDependencyReleaseLine([], [])).toBe('')
})
