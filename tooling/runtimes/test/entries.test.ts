/* What the built entries of packages load: few files, and no Node.js modules in entries meant for places without Node.js. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const packages = fileURLToPath(new URL('../../../packages', import.meta.url))
const built = ['parser', 'core', 'middleware'].every((name) => existsSync(join(packages, name, 'dist/index.js')))
if (!built) process.stderr.write('entries: packages are not built (npm run build), so nothing is read\n')

/** The files, Node.js modules and third-party packages that are loaded with an entry, such as `core/index`. */
function loadedWith(entry: string): { files: Set<string>; builtins: Set<string>; others: Set<string> } {
  const [name = '', file = ''] = entry.split('/')
  const files = new Set([join(packages, name, `dist/${file}.js`)])
  const builtins = new Set<string>()
  const others = new Set<string>()
  for (const path of files) {
    const imports = readFileSync(path, 'utf8').matchAll(/^(?:import|export)\b[^;'"]*["']([^"']+)["'];$/gm)
    for (const [, specifier = ''] of imports)
      if (specifier.startsWith('.')) files.add(join(dirname(path), specifier))
      else if (specifier.startsWith('@spillway/')) {
        const [, other = '', part = 'index'] = specifier.split('/')
        files.add(join(packages, other, `dist/${part}.js`))
      } else if (specifier.startsWith('node:')) builtins.add(specifier)
      else others.add(join(packages, name, 'node_modules', specifier))
  }
  return { files, builtins, others }
}

describe.skipIf(!built)('entries', () => {
  // Each file adds about a millisecond to a program's start (decision 096).
  test.each([
    ['core/index', 9],
    ['middleware/router', 13],
  ])('%s is not more than %i files', (entry, most) => {
    const { files } = loadedWith(entry)
    expect(files.size).toBeGreaterThan(2)
    expect(files.size).toBeLessThanOrEqual(most)
  })

  // The first CommonJS module adds seven milliseconds to a program's start: Node.js loads the lexer that finds its exports.
  test('a router loads no CommonJS', () => {
    const { others } = loadedWith('middleware/router')
    expect(others.size).toBeGreaterThan(0)
    for (const folder of others) {
      const { type } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { type?: string }
      expect({ folder, type }).toMatchObject({ type: 'module' })
    }
  })

  test.each(['core/index', 'middleware/router'])('%s loads neither HTTP/2 nor TLS, which few use', (entry) => {
    const { files, builtins } = loadedWith(entry)
    expect([...files].filter((file) => file.endsWith('parser/dist/http2.js'))).toEqual([])
    expect(builtins).not.toContain('node:tls')
    expect(builtins).not.toContain('node:crypto')
  })

  test.each(['parser/index', 'parser/http2', 'parser/websocket', 'middleware/contract-client', 'middleware/html'])(
    '%s is for pages, too',
    (entry) => {
      expect([...loadedWith(entry).builtins]).toEqual([])
    },
  )

  test('core/web listens nowhere', () => {
    const { builtins } = loadedWith('core/web')
    expect(builtins).not.toContain('node:net')
    expect(builtins).not.toContain('node:fs')
  })
})
