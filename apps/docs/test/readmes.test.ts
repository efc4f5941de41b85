import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { mistakesIn, root } from './compile.ts'

/** Declarations that the surrounding text implies: names that a reader has, or that another block defines. */
const given = `
import type { Handler as GivenHandler, Server as GivenServer } from '@spillway/core'
import type { MessageParser as GivenParser } from '@spillway/parser'
import type { Socket as GivenSocket } from 'node:net'
declare global {
  const handler: GivenHandler
  const server: GivenServer & GivenSocket
  const parser: GivenParser
  const socket: GivenSocket
  const client: GivenSocket
  const Deno: { serve(handler: (request: Request) => Response | Promise<Response>): void }
  let chunked: boolean
  let start: number
  let end: number
  const buffer: Uint8Array
  const bytes: Uint8Array
  const segment: Uint8Array
  const sent: Uint8Array
  const received: Uint8Array
  function keep(connection: unknown): void
  function refuse(error: unknown, offset: number): void
  function keepAndWaitForMore(): void
  function take(bytes: Uint8Array): void
}
export {}
`

/** The middleware's own blocks are files with tests beside it. */
const documents = ['README.md', 'packages/parser/README.md', 'packages/core/README.md']

/** Blocks of code, with the names that they take from each other or from the parser's subpaths. */
function blocksOf(document: string): string[] {
  const text = readFileSync(`${root}${document}`, 'utf8')
  return [...text.matchAll(/^```(?:ts|js)\n([^]*?)^```/gm)].map(([, code = '']) => code)
}

/** Names that a block may use from earlier blocks. */
const imports: Readonly<Record<string, string>> = {
  BodyKind: "import { BodyKind } from '@spillway/parser'",
  MessageParser: "import { MessageParser } from '@spillway/parser'",
  endToEndFields: "import { endToEndFields } from '@spillway/parser/fields'",
  requestHead: "import { requestHead, chunkPrefix, LAST_CHUNK, trailerSection } from '@spillway/parser/serialize'",
  readFileSync: "import { readFileSync } from 'node:fs'",
  serve: "import { serve } from '@spillway/core'",
}

function completed(code: string): string {
  const missing = Object.entries(imports).filter(
    ([name]) => new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`import [^\\n]*\\b${name}\\b`).test(code),
  )
  return `${missing.map(([, line]) => line).join('\n')}\n${code}\nexport {}\n`
}

test('the code in READMEs compiles against what is exported', { timeout: 60_000 }, () => {
  const sources = new Map<string, string>([[`${root}apps/docs/test/given.d.mts`, given]])
  for (const document of documents)
    for (const [i, code] of blocksOf(document).entries())
      sources.set(`${root}apps/docs/test/${document.replaceAll(/\W/g, '-')}-${i}.mts`, completed(code))
  expect(sources.size).toBeGreaterThan(20)

  expect(mistakesIn(sources)).toEqual([])
})
