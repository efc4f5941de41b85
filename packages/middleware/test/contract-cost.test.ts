import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** Routes with schemas for every part, in one chain, and a call of every tenth by a client. */
function application(routes: number): string {
  const lines = [
    `import { z } from 'zod'`,
    `import { router } from '@spillway/middleware/router'`,
    `import { client } from '@spillway/middleware/contract-client'`,
    `const app = router()`,
  ]
  for (let i = 0; i < routes; i++)
    lines.push(
      `  .post('/things${i}/:id/parts/:part', {`,
      `    params: z.object({ id: z.coerce.number(), part: z.string() }),`,
      `    query: z.object({ page: z.coerce.number().default(1) }),`,
      `    body: z.object({ name${i}: z.string(), tags: z.array(z.string()) }),`,
      `    gives: { 200: z.object({ id: z.number(), name${i}: z.string() }), 404: null },`,
      `  }, (c, give) => {`,
      `    const { params, body } = c.state.valid`,
      `    return params.id === 0 ? give(404) : give(200, { id: params.id, name${i}: body.name${i} })`,
      `  })`,
    )
  lines.push(`const api = client<typeof app>('http://localhost')`)
  for (let i = 0; i < routes; i += 10)
    lines.push(
      `void api('/things${i}/:id/parts/:part').post({ params: { id: 1, part: 'a' }, body: { name${i}: 'a', tags: [] } })`,
      `  .then((reply) => (reply.status === 200 ? reply.body.name${i} : reply.body))`,
    )
  return lines.join('\n')
}

/** How many types the compiler makes of others to check a file: a number that is the same on every machine. */
function instantiations(program: ts.Program, name: string): number {
  const source = program.getSourceFile(name)!
  const before = program.getInstantiationCount()
  expect(program.getSemanticDiagnostics(source).map(({ messageText }) => messageText)).toEqual([])
  return program.getInstantiationCount() - before
}

test(
  'what a route with a contract costs the compiler does not grow with the number of routes',
  { timeout: 120_000 },
  () => {
    const files = new Map([5, 25, 75].map((routes) => [`${folder}contract-cost-${routes}.ts`, application(routes)]))
    const { config } = ts.readConfigFile(`${folder}../tsconfig.json`, (name) => ts.sys.readFile(name))
    const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, `${folder}..`)
    const host = ts.createCompilerHost(options)
    const disk = ts.createCompilerHost(options)
    host.fileExists = (name) => files.has(name) || disk.fileExists(name)
    host.readFile = (name) => files.get(name) ?? disk.readFile(name)
    host.getSourceFile = (name, ...rest) =>
      files.has(name)
        ? ts.createSourceFile(name, files.get(name)!, ts.ScriptTarget.Latest)
        : disk.getSourceFile(name, ...rest)
    const program = ts.createProgram(
      [...files.keys()],
      { ...options, declaration: false, isolatedDeclarations: false },
      host,
    )
    const [warm, few, many] = [...files.keys()].map((name) => instantiations(program, name))
    expect(warm).toBeGreaterThan(0)
    expect(few! / 25).toBeLessThan(3200)
    // Of each route that comes on top: 400 are about a second of the compiler's.
    expect((many! - few!) / 50).toBeLessThan(2800)
  },
)
