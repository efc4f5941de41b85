import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { execFile, execFileSync, findTool, spawn, spawnSync } from '../tools.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const helper = join(root, 'tooling/vitest')
/** They install what tests need with npm and pnpm, and run before the helper is available. */
const installers = ['tooling/setup.mjs', 'tooling/packed.mjs'].map((path) => join(root, path))

/** Ways to start a program without the helper. */
const ways: readonly (readonly [pattern: RegExp, advice: string])[] = [
  // As a word of its own in quotes: also `require` and `import()`.
  [/(['"`])(?:node:)?child_process\1/, 'spawn and execFile come from @spillway/vitest-config/tools'],
  [/(['"`])playwright(?:-core)?\1/, 'a browser comes from @spillway/vitest-config/chromium'],
  [/#!\/usr\//, 'the path of an interpreter comes from findTool'],
]

function complaints(text: string): string[] {
  // Type-only imports are gone when the test runs.
  const code = text
    .replace(/^(?:import|export) type [^'"]*(['"])[^'"]*\1$/gm, '')
    .replace(/typeof import\([^)]*\)/g, '')
  return ways.filter(([pattern]) => pattern.test(code)).map(([, advice]) => advice)
}

/** All test files, with their imports other than the code under test. */
function filesOfTests(): Set<string> {
  const files = new Set<string>()
  const add = (file: string): void => {
    if (files.has(file) || !existsSync(file) || file.includes('/src/') || dirname(file) === helper) return
    if (installers.includes(file)) return
    // A manifest names dependencies, and starts nothing.
    if (file.endsWith('.json')) return
    files.add(file)
    for (const [, , path = ''] of readFileSync(file, 'utf8').matchAll(/(from|import\() ?['"](\.[^'"]*)['"]/g))
      // Manifests only list dependencies, and start nothing.
      if (!path.endsWith('.json')) add(join(dirname(file), path))
  }
  for (const group of ['packages', 'apps', 'tooling'])
    for (const name of readdirSync(join(root, group))) {
      const folder = join(root, group, name, 'test')
      if (!existsSync(folder) || folder === import.meta.dirname) continue
      for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
        if (/\.[cm]?[jt]s$/.test(file)) add(join(folder, file))
    }
  return files
}

describe('a test that uses an outside tool', () => {
  test('asks the helper for it', () => {
    const files = filesOfTests()
    expect(files.size).toBeGreaterThan(150)
    const found = [...files].flatMap((file) =>
      complaints(readFileSync(file, 'utf8')).map((advice) => `${relative(root, file)}: ${advice}`),
    )
    expect(found).toEqual([])
  })

  test.each([
    `import { spawn } from 'node:child_process'`,
    `import { type ChildProcess, execFileSync } from "child_process"`,
    `const { exec } = await import('node:child_process')`,
    `const { exec } = require("child_process")`,
    `export * from 'node:child_process'`,
    `import { type Page, chromium } from 'playwright-core'`,
    'const script = `#!/usr/bin/perl\\n`',
  ])('would fail with: %s', (code) => {
    expect(complaints(`import { test } from 'vitest'\n${code}\n`)).toHaveLength(1)
  })

  test.each([
    `import type { ChildProcess } from 'node:child_process'`,
    `import type {\n  Browser,\n  Page,\n} from 'playwright-core'`,
    `import { spawn } from '@spillway/vitest-config/tools'`,
    '// node:child_process is not for tests',
  ])('would pass with: %s', (code) => {
    expect(complaints(`import { test } from 'vitest'\n${code}\n`)).toEqual([])
  })
})

describe('the helper', () => {
  const nothing = 'there-is-no-such-tool'

  test('says what is missing, and its path is an error', () => {
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    onTestFinished(() => said.mockRestore())
    const tool = findTool(nothing)
    expect(tool).toMatchObject({ name: nothing, isMissing: true })
    expect(said.mock.calls.join('')).toContain(nothing)
    expect(() => tool.path).toThrow(nothing)
  })

  test('finds by name, also with a version behind it, and only what answers as it should', () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-tools-'))
    const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    vi.stubEnv('PATH', folder)
    vi.stubEnv('SPILLWAY_WITHOUT_TOOLS', '')
    onTestFinished(() => {
      said.mockRestore()
      vi.unstubAllEnvs()
      rmSync(folder, { recursive: true })
    })
    for (const name of ['some-tool', 'other-tool8.2', 'other-tools']) symlinkSync(process.execPath, join(folder, name))
    expect(findTool('some-tool').path).toBe(join(folder, 'some-tool'))
    expect(findTool('other-tool').path).toBe(join(folder, 'other-tool8.2'))
    expect(findTool('other').isMissing).toBe(true)
    const version = ['--version']
    expect(findTool('some-tool', { probe: version, says: /^v\d/ }).isMissing).toBe(false)
    expect(findTool('some-tool', { probe: version, says: /curl/ }).isMissing).toBe(true)
    expect(findTool('some-tool', { probe: ['-e', 'process.exit(1)'] }).isMissing).toBe(true)
    vi.stubEnv('SPILLWAY_WITHOUT_TOOLS', '1')
    expect(findTool('some-tool').isMissing).toBe(true)
  })

  test('starts nothing that was not found', async () => {
    expect(execFileSync(process.execPath, ['-p', '1'], { encoding: 'utf8' })).toBe('1\n')
    expect((await promisify(execFile)(process.execPath, ['-p', '1'])).stdout).toBe('1\n')
    for (const start of [spawn, spawnSync, execFile, execFileSync])
      expect(() => start('git', ['--version'])).toThrow('git is an outside tool')
    expect(() => promisify(execFile)('git', ['--version'])).toThrow('git is an outside tool')
  })
})
