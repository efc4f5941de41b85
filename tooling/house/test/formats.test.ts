import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * Console calls whose format string is not a literal: text from a client could then contain format specifiers, where `%c`
 * swallows the error that follows and `%j` may throw (CWE-134).
 */
function foreignFormats(name: string, text: string): string[] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true)
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && takesFormat(node.expression)) {
      const [first, ...others] = node.arguments
      const isWritten = first !== undefined && ts.isStringLiteralLike(first)
      // A sole argument is not used as a format, unless it is a spread.
      if (first && (ts.isSpreadElement(first) || (others.length > 0 && !isWritten)))
        found.push(`${name}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${node.getText()}`)
    }
    node.forEachChild(visit)
  }
  visit(source)
  return found
}

function takesFormat(called: ts.Expression): boolean {
  const text = called.getText()
  return /^(?:globalThis\.)?console\.(?:debug|error|info|log|trace|warn)$/.test(text) || /(?:^|\.)format$/.test(text)
}

function sources(): string[] {
  return ['packages', 'apps'].flatMap((area) =>
    readdirSync(join(root, area)).flatMap((name) => {
      const folder = join(area, name, 'src')
      if (!existsSync(join(root, folder))) return []
      return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.[cm]?[jt]sx?$/.test(file))
        .map((file) => join(folder, file))
    }),
  )
}

describe('what a client has written is never a format', () => {
  it('in any call of the sources', () => {
    const files = sources()
    expect(files.length).toBeGreaterThan(200)
    expect(files.flatMap((file) => foreignFormats(file, readFileSync(join(root, file), 'utf8')))).toEqual([])
  })

  it.each([
    'console.error(`${target}:`, error)',
    'console.warn(text, error)',
    'console.log(...all)',
    "format(a + 'b', c)",
  ])('%s is found', (text) => {
    expect(foreignFormats('a.ts', text)).toHaveLength(1)
  })

  it.each(["console.error('%s:', text, error)", 'console.error(error)', "console.log('plain', value)"])(
    '%s is none',
    (text) => {
      expect(foreignFormats('a.ts', text)).toEqual([])
    },
  )
})
