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

/** Applications with so many routes, and the program of the compiler that has them. */
function compiled(counts: readonly number[]): { readonly program: ts.Program; readonly names: readonly string[] } {
  const files = new Map(counts.map((routes) => [`${folder}contract-cost-${routes}.ts`, application(routes)]))
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
  const names = [...files.keys()]
  return {
    names,
    program: ts.createProgram(names, { ...options, declaration: false, isolatedDeclarations: false }, host),
  }
}

test(
  'what a route with a contract costs the compiler does not grow with the number of routes',
  { timeout: 120_000 },
  () => {
    const { program, names } = compiled([5, 25, 75])
    const [warm, few, many] = names.map((name) => instantiations(program, name))
    expect(warm).toBeGreaterThan(0)
    expect(few! / 25).toBeLessThan(3000)
    // Of each route that comes on top.
    expect((many! - few!) / 50).toBeLessThan(2200)
  },
)

/** `ROUTES=400 npx vitest run packages/middleware/test/contract-cost.test.ts` says how long that takes on a machine. */
const asked = Number(process.env['ROUTES'] ?? 0)

test.runIf(asked > 0)('how long the compiler takes for as many as were asked for', { timeout: 120_000 }, () => {
  const { program, names } = compiled([1, asked])
  // The first one reads what all have in common: schemas, router and client.
  const [common, all] = names.map((name) => {
    const started = performance.now()
    expect(instantiations(program, name)).toBeGreaterThan(0)
    return ((performance.now() - started) / 1000).toFixed(2)
  })
  console.log(`${asked} routes with contracts: ${all} s, and ${common} s for what all programs have in common`)
})
