// Creates a project from a template.
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Each template, and its description. */
export const templates: Readonly<Record<string, string>> = {
  minimal: 'a router, a test, a container',
  api: 'typed contracts, SQLite, OpenAPI with a page',
  realtime: 'WebSocket, server-sent events, a page',
  static: 'files, with compression and security headers',
}

const source = fileURLToPath(new URL('../templates', import.meta.url))

/** What to create, and where. */
export interface Creation {
  readonly folder: string
  readonly template: string
  /** The name of the package. */
  readonly name: string
  /** The version range for Spillway's own packages. */
  readonly version: string
}

// decision 061
/** Writes a project: the files that all templates share, and over them the template's own. */
export function create({ folder, template, name, version }: Creation): void {
  const filled = (text: string): string => text.replaceAll('{{name}}', name).replaceAll('{{version}}', version)
  const manifests: object[] = []
  for (const layer of ['shared', template])
    for (const file of filesIn(join(source, layer))) {
      const from = join(source, layer, file)
      if (file === '_package.json') {
        manifests.push(JSON.parse(filled(readFileSync(from, 'utf8'))) as object)
        continue
      }
      // npm reserves some file names, so these begin with an underscore in the package.
      const to = join(folder, file.replace(/(^|[/\\])_/, '$1.'))
      mkdirSync(dirname(to), { recursive: true })
      if (statSync(from).size > 0) writeFileSync(to, filled(readFileSync(from, 'utf8')))
      else copyFileSync(from, to)
    }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(merged(manifests), null, 2)}\n`)
}

/** Merges several manifests: objects get the members of both, and dependencies are sorted by name. */
function merged(manifests: readonly object[]): object {
  const whole: Record<string, unknown> = {}
  for (const manifest of manifests)
    for (const [key, value] of Object.entries(manifest) as [string, unknown][]) {
      const both = typeof value === 'object' ? { ...(whole[key] as object | undefined), ...value } : value
      const isSorted = /dependencies$/i.test(key)
      whole[key] = isSorted
        ? Object.fromEntries(Object.entries(both as object).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : both
    }
  return whole
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  )
}

/** Why a folder cannot be used; undefined when it can. */
export function refusalOf(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined
  if (!statSync(folder).isDirectory()) return `${folder} is a file`
  const others = readdirSync(folder).filter((name) => name !== '.git')
  return others.length === 0 ? undefined : `${folder} is not empty`
}

/** A name that npm accepts for a package. */
export function nameFor(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z\d._~-]+/g, '-')
    .replaceAll(/-+/g, '-')
    .replace(/^[._-]+/, '')
    .replace(/-$/, '')
  return name === '' ? 'app' : name
}
