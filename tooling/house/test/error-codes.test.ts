/*
 * An error code means one thing in all packages. The page that lists them is generated from the tables of the packages, and
 * committed:
 *   UPDATE_PAGES=1 npx vitest run tooling/house/test/error-codes.test.ts
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { type ParseErrorCode, parseErrors } from '../../../packages/parser/src/index.ts'
import { ErrorCode, http2Faults } from '../../../packages/parser/src/http2.ts'
import { webSocketFailures } from '../../../packages/parser/src/websocket.ts'
import { type Vector, expand } from '../../../packages/parser/test/replay.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A code of core or middleware: its statuses, and what it means. */
interface Code {
  readonly code: string
  readonly statuses: readonly number[]
  readonly text: string
}

/** The table of a package: an interface whose members are codes, each with a comment and its statuses. */
function tableIn(path: string): Code[] {
  const source = readFileSync(join(root, path), 'utf8')
  const rows = [...source.matchAll(/ {2}\/\*\* ([^\n]+) \*\/\n {2}([A-Z_]+): ([\d |]+)\n/g)]
  return rows.map(([, text, code, statuses]) => ({
    code: code!,
    statuses: statuses!.split(' | ').map(Number),
    text: text!,
  }))
}

/** The codes of @spillway/node: errors at a program's start, which no client sees; so they have no status. */
function startCodesIn(path: string): Omit<Code, 'statuses'>[] {
  const source = readFileSync(join(root, path), 'utf8')
  return [...source.matchAll(/ {2}\/\*\* ([^\n]+) \*\/\n {2}([A-Z_]+): Error\n/g)].map(([, text, code]) => ({
    code: code!,
    text: text!,
  }))
}

const core = tableIn('packages/core/src/exchange/error-codes.ts')
const middleware = tableIn('packages/middleware/src/lib/http/error-codes.ts')
const atStart = startCodesIn('packages/node/src/error-codes.ts')

/** The codes of each table. */
const tables: Readonly<Record<string, readonly string[]>> = {
  'HTTP/1.1': Object.keys(parseErrors),
  'HTTP/2': Object.keys(http2Faults),
  WebSocket: Object.keys(webSocketFailures),
  core: core.map(({ code }) => code),
  middleware: middleware.map(({ code }) => code),
  node: atStart.map(({ code }) => code),
}

/** A place in the sources where an error gets a code, and the status if it is written next to it. */
interface Use {
  readonly code: string
  readonly status: number | undefined
  readonly place: string
}

const numberIn = (node: ts.Node | undefined): number | undefined =>
  node && ts.isNumericLiteral(node) ? Number(node.text) : undefined

/** The list that contains a literal and perhaps a status: arguments, or a row of a table. */
function listAround(literal: ts.Node): ts.NodeArray<ts.Expression> | undefined {
  const { parent } = literal
  if (ts.isNewExpression(parent) || ts.isCallExpression(parent)) return parent.arguments
  if (ts.isArrayLiteralExpression(parent)) return parent.elements
  return ts.isPropertyAssignment(parent) && parent.name.getText() === 'code' ? listAround(parent.parent) : undefined
}

/** Whether a literal becomes a `code`: as a member of a literal or a class, or assigned to one. */
function isCodeOf(literal: ts.Node): boolean {
  const { parent } = literal
  if (ts.isSatisfiesExpression(parent)) return isCodeOf(parent)
  if (ts.isPropertyAssignment(parent) || ts.isPropertyDeclaration(parent)) return parent.name.getText() === 'code'
  if (!ts.isBinaryExpression(parent) || !ts.isPropertyAccessExpression(parent.left)) return false
  return parent.operatorToken.kind === ts.SyntaxKind.EqualsToken && parent.left.name.text === 'code'
}

/** The codes in a file, without those of the system (`ENOENT`) and of Node (`ERR_…`). */
function usesIn(path: string): Use[] {
  const source = ts.createSourceFile(path, readFileSync(join(root, path), 'utf8'), ts.ScriptTarget.Latest, true)
  const uses: Use[] = []
  const visit = (node: ts.Node): void => {
    const isName = ts.isStringLiteral(node) && /^(?!E[A-Z]+$|ERR_(?!SPILLWAY_))[A-Z]+(?:_[A-Z\d]+)*$/.test(node.text)
    const list = isName ? listAround(node) : undefined
    const status = numberIn(list?.[0])
    const isMember = isName && isCodeOf(node)
    const isArgument = isName && ts.isNewExpression(node.parent) && node.parent.arguments?.[1] === node
    if (isMember || isArgument || (isName && status !== undefined && status >= 400))
      uses.push({ code: node.text, status, place: path })
    node.forEachChild(visit)
  }
  visit(source)
  return uses
}

function usesBelow(folder: string): Use[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => usesIn(join(folder, name)))
}

const used = {
  core: usesBelow('packages/core/src'),
  middleware: usesBelow('packages/middleware/src'),
  others: ['inspect', 'node', 'create'].flatMap((name) => usesBelow(`packages/${name}/src`)),
}
const apps = readdirSync(join(root, 'apps')).flatMap((name) => usesBelow(`apps/${name}/src`))

describe('a code of errors', () => {
  const all = Object.entries(tables).flatMap(([table, codes]) => codes.map((code) => ({ table, code })))

  it('stands in one table', () => {
    expect(all.filter(({ table, code }) => all.some((one) => one.code === code && one.table !== table))).toEqual([])
    expect(all.length).toBeGreaterThan(100)
  })

  it('is in the table of the package that uses it, or of one below, with this status', () => {
    const statuses = new Map([...core, ...middleware].map((one) => [one.code, one.statuses]))
    const known = (one: Use): boolean => {
      const wanted = statuses.get(one.code)
      return wanted !== undefined && (one.status === undefined || wanted.includes(one.status))
    }
    expect([...used.core, ...used.middleware].filter((one) => !known(one))).toEqual([])
    expect(used.core.filter(({ code }) => !tables['core']!.includes(code))).toEqual([])
    expect(used.others.filter(({ code }) => !all.some((one) => one.code === code))).toEqual([])
  })

  it('is used when it is in a table', () => {
    const codes = new Set([...used.core, ...used.middleware].map(({ code }) => code))
    // Built at run time from who ended the exchange.
    const made = /^ABORTED_BY_/
    expect([...core, ...middleware].filter(({ code }) => !codes.has(code) && !made.test(code))).toEqual([])
    expect(atStart.filter(({ code }) => !used.others.some((one) => one.code === code))).toEqual([])
    expect(used.middleware.length).toBeGreaterThan(20)
  })

  it('of an application is not one of a package with another meaning', () => {
    expect(apps.filter(({ code }) => all.some((one) => one.code === code))).toEqual([])
  })
})

const folder = join(root, 'packages/parser/vectors')
const vectors = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Vector[])

/** Errors that are found only when the connection ends. */
const ends: Partial<Record<ParseErrorCode, Pick<Vector, 'bytes' | 'expect'>>> = {
  MESSAGE_INCOMPLETE: { bytes: 'GET / HTTP/1.1\r\nHost', expect: { error: 'MESSAGE_INCOMPLETE', offset: 20 } },
  UNEXPECTED_RESPONSE: {
    bytes: 'HTTP/1.1 408 Request Timeout\r\n\r\n',
    expect: { error: 'UNEXPECTED_RESPONSE', offset: 0 },
  },
  MESSAGE_AFTER_CLOSE: {
    bytes: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    expect: { error: 'MESSAGE_AFTER_CLOSE', offset: 0 },
  },
  RESPONSE_MISSING: { bytes: '', expect: { error: 'RESPONSE_MISSING', offset: 0 } },
}

/** The shortest vector that ends in the error; the parser's tests replay it. */
function example(code: ParseErrorCode): Vector {
  const found = vectors
    .filter((v) => (v.error ?? v.expect?.error) === code && v.messages === undefined)
    .toSorted((a, b) => expand(a.bytes).length - expand(b.bytes).length)[0]
  return found ?? { id: '-', rfc: '-', what: '-', ...ends[code]! }
}

const visible = (text: string): string => {
  const json = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
  return json.length > 90 ? `${json.slice(0, 60)} … ${json.slice(-20)}` : json
}

/** What the parser's src/codes.ts says about each code. */
const explained = new Map(
  [
    ...readFileSync(join(root, 'packages/parser/src/codes.ts'), 'utf8').matchAll(
      /\/\*\* (.+) \*\/\nexport const (\w+) = /g,
    ),
  ].map(([, text, code]) => [code!, text!]),
)

function messageErrors(): string[] {
  return (Object.keys(parseErrors) as ParseErrorCode[]).flatMap((code) => {
    const { status, rfc, message } = parseErrors[code]
    const v = example(code)
    const limits = v.limits === undefined ? '' : ` with the limits ${JSON.stringify(v.limits)}`
    const input = `Example: \`${visible(expand(v.bytes))}\`${limits}, at ${v.expect!.offset}.`
    return [`### ${code}`, '', `${status} · ${rfc}`, '', `“${message}” ${explained.get(code)!}`, '', input, '']
  })
}

const nameOfHttp2 = (error: number): string =>
  Object.entries(ErrorCode)
    .find(([, number]) => number === error)![0]
    .replace('Http11', 'HTTP_1_1')
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, '_')
    .toUpperCase()

/** A table as the formatter leaves it. */
function tableOf(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((name, i) => Math.max(name.length, ...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[], fill: string): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!, fill)).join(' | ')} |`
  return [
    line(columns, ' '),
    line(
      columns.map(() => ''),
      '-',
    ),
    ...rows.map((row) => line(row, ' ')),
    '',
  ]
}

const rowsOf = (codes: readonly Code[]): string[][] =>
  codes.map(({ code, statuses, text }) => [code, statuses.join(' or '), text])

it('docs/error-codes.md lists them all', () => {
  const content = [
    '# Error codes',
    '',
    '<!-- Made by tooling/house/test/error-codes.test.ts from the tables of the packages and packages/parser/vectors/*.json. -->',
    '',
    'Besides its status, every error has a code by which programs can tell it from others: `error.code`, and the `code` of a problem',
    '(RFC 9457), of a line in the log and of the event `spillway.refused`. A code means the same in all packages, and codes are only',
    'ever added. An error that has no code of its own gets `HTTP_` followed by its status.',
    '',
    '## Messages of HTTP/1.1',
    '',
    'From `@spillway/parser`, as the table `parseErrors`. The status is the one that a server answers a request with; a gateway that',
    'finds the error in a response answers 502. An error is final: no later byte of the connection can be trusted. Each example is a',
    'complete input with the offset of the offending byte: from the start of the message for heads, of the body for chunked bodies.',
    'Heads in HTTP/2 that break the same rules get the same codes.',
    '',
    ...messageErrors(),
    '## HTTP/2',
    '',
    'From `@spillway/parser/http2`, as the table `http2Faults`. “Sent” is the error code in RST_STREAM or GOAWAY (RFC 9113 §7).',
    '',
    ...tableOf(
      ['Code', 'Sent', 'Section', 'What'],
      Object.values(http2Faults).map(({ code, error, rfc, message }) => [code, nameOfHttp2(error), rfc, message]),
    ),
    '## WebSocket',
    '',
    'From `@spillway/parser/websocket`, as the table `webSocketFailures`. “Sent” is the status code in the Close frame (RFC 6455 §7.4.1).',
    '',
    ...tableOf(
      ['Code', 'Sent', 'Section', 'What'],
      Object.entries(webSocketFailures).map(([code, { closeCode, rfc, message }]) => [
        code,
        String(closeCode),
        rfc,
        `${message}.`,
      ]),
    ),
    '## Core',
    '',
    'From `@spillway/core`, in addition to those of messages.',
    '',
    ...tableOf(['Code', 'Status', 'What'], rowsOf(core)),
    '## Middleware',
    '',
    'From `@spillway/middleware`, in addition to those of core. Under `connect`, errors have the names that Node gives them (`ERR_…`).',
    '',
    ...tableOf(['Code', 'Status', 'What'], rowsOf(middleware)),
    '## Node',
    '',
    'From `@spillway/node`, when a program starts. These have no status: no request has arrived.',
    '',
    ...tableOf(
      ['Code', 'What'],
      atStart.map(({ code, text }) => [code, text]),
    ),
  ].join('\n')
  const path = join(root, 'docs/error-codes.md')
  if (process.env['UPDATE_PAGES'] === '1') writeFileSync(path, content)
  expect(readFileSync(path, 'utf8')).toBe(content)
})
