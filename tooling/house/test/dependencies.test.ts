/*
 * The page lists the dependencies of each published package with their licences. It is generated from what is installed:
 *   UPDATE_PAGES=1 npx vitest run tooling/house/test/dependencies.test.ts
 */
import { existsSync, readFileSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const page = join(root, 'docs/dependencies.md')

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly private?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
}

const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** The folder from which a package loads another one. */
function folderOf(name: string, from: string): string {
  for (let at = realpathSync(from); at !== '/'; at = join(at, '..'))
    if (existsSync(join(at, 'node_modules', name, 'package.json'))) return realpathSync(join(at, 'node_modules', name))
  throw new Error(`${from} does not find ${name}`)
}

interface Found extends Manifest {
  readonly for: Set<string>
}

const foreign = new Map<string, Found>()

/** Walks the dependencies of a package, and theirs in turn. */
function walk(folder: string, owner: string, way: ReadonlySet<string> = new Set()): void {
  for (const name of Object.keys(manifestIn(folder).dependencies ?? {})) {
    const at = folderOf(name, folder)
    if (way.has(at)) continue
    const manifest = manifestIn(at)
    const key = `${name} ${manifest.version}`
    // Our own packages have rows of their own.
    if (published.has(name)) continue
    const found = foreign.get(key) ?? { ...manifest, for: new Set<string>() }
    foreign.set(key, found)
    found.for.add(owner)
    walk(at, owner, new Set([...way, at]))
  }
}

const folders = ['packages', 'apps']
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)))
  .filter((folder) => existsSync(join(folder, 'package.json')) && manifestIn(folder).private !== true)
const published = new Map(folders.map((folder) => [manifestIn(folder).name, folder]))
for (const [name, folder] of published) walk(folder, name)

const rows = [...foreign.values()]
  .toSorted((a, b) => `${a.name} ${a.version}`.localeCompare(`${b.name} ${b.version}`))
  .map(
    ({ name, version, license = 'none', for: owners }) =>
      `| \`${name}\` | ${version} | ${license} | ${[...owners]
        .toSorted()
        .map((owner) => `\`${owner}\``)
        .join(', ')} |`,
  )
const without = [...published.keys()].filter((name) => ![...foreign.values()].some((one) => one.for.has(name)))

const text = `# What comes along

<!-- Made by tooling/house/test/dependencies.test.ts from what is installed. -->

Packages of others that are installed with ours, with everything that these need in turn. Versions that we ask for ourselves are
exact. ${without
  .toSorted()
  .map((name) => `\`${name}\``)
  .join(', ')} need none themselves.

\`node tooling/sbom.mjs sbom.cdx.json\`, after a build, writes the same as a bill of materials (CycloneDX), with digests; each release has one.

| Package | Version | Licence | Comes with |
| ------- | ------- | ------- | ---------- |
${rows.join('\n')}
`

/** Removes the padding of tables. */
function squeezed(all: string): string {
  return all.replaceAll(/ {2,}/g, ' ').replaceAll(/-{3,}/g, '---').replaceAll(/\s*\n/g, '\n')
}

test('the page of dependencies is that of what is installed', () => {
  if (process.env['UPDATE_PAGES']) writeFileSync(page, text)
  expect(squeezed(readFileSync(page, 'utf8')).replaceAll('\n', ' ')).toBe(squeezed(text).replaceAll('\n', ' '))
})

test('what comes along may be used by everybody', () => {
  const free = /^(?:MIT|ISC|BSD-[23]-Clause|Apache-2\.0|0BSD|Unlicense|BlueOak-1\.0\.0)$/
  expect(
    [...foreign.values()]
      .filter(({ license = '' }) => !free.test(license))
      .map(({ name, license }) => `${name} ${license}`),
  ).toEqual([])
  expect(published.get('@spillway/parser')).toBeDefined()
  expect(without).toEqual(expect.arrayContaining(['@spillway/parser', '@spillway/core']))
})
