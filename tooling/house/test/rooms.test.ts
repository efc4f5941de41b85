import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { spawnSync } from '../../vitest/tools.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Rooms of a package, and for each those it may import: always rooms on a lower floor. */
const houses: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'packages/core/src': {
    transport: [],
    exchange: ['transport'],
    server: ['exchange', 'transport'],
    http1: ['server', 'exchange', 'transport'],
    http2: ['server', 'exchange', 'transport'],
    sockets: ['http1', 'http2', 'server', 'exchange', 'transport'],
    serve: ['sockets', 'server', 'exchange'],
    cluster: ['server', 'exchange'],
    fetch: ['server', 'exchange', 'transport'],
    testing: ['http1', 'http2', 'server', 'exchange', 'transport'],
  },
  'packages/middleware/src/lib': {
    http: [],
    layers: ['http'],
    files: ['http', 'layers'],
    tools: ['http', 'layers', 'files'],
  },
}
/** A feature room of middleware may import the four shared rooms, and these. */
const features: Readonly<Record<string, readonly string[]>> = {
  fastcgi: ['cgi'],
  cache: ['static'],
  connect: ['node'],
  proxy: ['cookies'],
  body: ['multipart'],
  validation: ['body', 'cookies'],
  contract: ['patterns', 'validation', 'body'],
  router: ['patterns', 'contract'],
  openapi: ['patterns', 'contract', 'validation'],
}

interface Arrow {
  readonly file: string
  readonly from: string
  readonly to: string
}

/** What a file imports from its own package: values and types, statically or dynamically. */
function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom|\bimport\(|^import)\s*'(\.[^']+)'/gm)].map(([, target]) => target!)
}

/** Imports from one room into another, including types; files next to the rooms are the public entries. */
function arrows(source: string): Arrow[] {
  const folder = join(root, source)
  const found: Arrow[] = []
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || !/[/\\]/.test(name)) continue
    const text = readFileSync(join(folder, name), 'utf8')
    for (const target of importsOf(text)) {
      const path = relative(folder, resolve(dirname(join(folder, name)), target))
      const from = name.split(/[/\\]/)[0]!
      const to = path.split(/[/\\]/)[0]!
      if (from !== to) found.push({ file: name, from, to })
    }
  }
  return found
}

describe.each(Object.entries(houses))('the rooms of %s', (source, rooms) => {
  const found = arrows(source)

  it('import each other only downwards', () => {
    const names = Object.keys(rooms)
    const mayImport = (from: string): readonly string[] => rooms[from] ?? [...names, ...(features[from] ?? [])]
    expect(found.length).toBeGreaterThan(20)
    expect(found.filter(({ from, to }) => !mayImport(from).includes(to))).toEqual([])
  })

  it('are drawn without a circle', () => {
    const names = Object.keys(rooms)
    for (const [index, name] of names.entries())
      for (const below of rooms[name]!) expect(names.slice(0, index), `${name} → ${below}`).toContain(below)
  })
})

it.each([
  "import { a } from '../b/c.ts'",
  "import type { A } from '../b/c.ts'",
  "import {\n  type A,\n  a,\n} from '../b/c.ts'",
  "export { a } from '../b/c.ts'",
  "export * from '../b/c.ts'",
  "import '../b/c.ts'",
  "const { a } = await import('../b/c.ts')",
  "type A = import('../b/c.ts').A",
  "type A = import(\n  '../b/c.ts'\n).A",
])('%s is an import', (text) => {
  expect(importsOf(text)).toEqual(['../b/c.ts'])
})

describe('each room of core', () => {
  const folder = join(root, 'packages/core/src')

  it.each(Object.keys(houses['packages/core/src']!))('%s says in a few lines what it is for', (room) => {
    const lines = readFileSync(join(folder, room, 'README.md'), 'utf8')
      .trimEnd()
      .split('\n')
    expect(lines[0]).toBe(`# ${room}`)
    expect(lines.length).toBeLessThanOrEqual(25)
  })

  it.each(Object.keys(houses['packages/core/src']!))('%s has the files that it speaks of', (room) => {
    const names = [...readFileSync(join(folder, room, 'README.md'), 'utf8').matchAll(/`([\w/-]+\.ts)`/g)]
    const missing = names.filter(
      ([, name]) => !existsSync(join(folder, room, name!)) && !existsSync(join(folder, name!)),
    )
    expect(missing.map(([, name]) => name)).toEqual([])
  })

  it('is one of those drawn here', () => {
    const rooms = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(rooms.map(({ name }) => name).toSorted()).toEqual(Object.keys(houses['packages/core/src']!).toSorted())
  })
})

describe('the linter refuses an import', () => {
  // Applies the actual rules to a package in which every room makes a forbidden import.
  const copy = mkdtempSync(join(tmpdir(), 'spillway-rooms-'))
  afterAll(() => rmSync(copy, { recursive: true }))
  cpSync(join(root, '.oxlintrc.json'), join(copy, '.oxlintrc.json'))

  function lint(file: string, text: string): string {
    mkdirSync(dirname(join(copy, file)), { recursive: true })
    writeFileSync(join(copy, file), text)
    const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
    return spawnSync(process.execPath, [oxlint, file], { cwd: copy, encoding: 'utf8' }).stdout
  }

  const core = houses['packages/core/src']!
  const pairs = Object.keys(core).flatMap((from) => Object.keys(core).map((to) => ({ from, to })))

  it.each(pairs.filter(({ from, to }) => from !== to && !core[from]!.includes(to)))(
    'of $to in $from',
    ({ from, to }) => {
      const text = `import type { Some } from '../${to}/some.ts'\nexport type Other = Some\n`
      expect(lint(`packages/core/src/${from}/refused-${to}.ts`, text)).toContain('no-restricted-imports')
    },
  )

  it.each(Object.keys(core))('of Node’s own HTTP in %s', (room) => {
    const text = "export { request } from 'node:http'\n"
    expect(lint(`packages/core/src/${room}/refused-http.ts`, text)).toContain('no-restricted-imports')
  })

  it.each(pairs.filter(({ from, to }) => core[from]!.includes(to)))('but not of $to in $from', ({ from, to }) => {
    const text = `import type { Some } from '../${to}/some.ts'\nexport type Other = Some\n`
    expect(lint(`packages/core/src/${from}/taken-${to}.ts`, text)).not.toContain('no-restricted-imports')
  })
})
