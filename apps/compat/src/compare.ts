// Compares what frameworks do on Node and on Spillway.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { type Ground, Program, grounds } from './program.ts'
import { scenarios } from './scenarios.ts'

/** A framework: its program and the routes that it does not have. */
export interface Framework {
  readonly name: string
  readonly file: string
  readonly args?: readonly string[]
  readonly lacks: readonly string[]
  /** Has to be called once before its program can start. */
  readonly build?: () => void
}

const routes = ['/upload', '/file', '/download', '/inner/x?y', '/trailers', 'ws']

export const frameworks: readonly Framework[] = [
  { name: 'node:http and ws', file: 'node.mjs', lacks: ['/upload', '/file', '/download', '/inner/x?y', '/error'] },
  { name: 'Express 5', file: 'express.mjs', args: ['express'], lacks: ['/trailers', 'ws'] },
  { name: 'Express 4', file: 'express.mjs', args: ['express4'], lacks: ['/trailers', 'ws'] },
  { name: 'Koa 3', file: 'koa.mjs', lacks: routes },
  { name: 'Fastify 5', file: 'fastify.mjs', lacks: routes },
  { name: 'hapi 21', file: 'hapi.mjs', lacks: routes },
  { name: 'NestJS 12', file: 'nest.mjs', lacks: [...routes, '/raw', '/cookie'] },
  { name: 'restify 12', file: 'restify.mjs', lacks: routes },
  { name: 'polka', file: 'polka.mjs', lacks: routes },
]

/** Only in the table, not in the tests: `next build` keeps both cores busy for half a minute. */
export const slowFrameworks: readonly Framework[] = [
  { name: 'Next 16, standalone', file: 'next.mjs', lacks: [...routes, '/wait'], build: buildNext },
]

function buildNext(): void {
  const next = fileURLToPath(new URL('../node_modules/next/dist/bin/next', import.meta.url))
  const folder = fileURLToPath(new URL('../programs/next', import.meta.url))
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' as const }
  execFileSync(process.execPath, [next, 'build', folder], { env, stdio: 'ignore' })
}

/** Tools, each used by a program on itself. */
export const tools: readonly string[] = [
  'supertest',
  'light-my-request',
  'apollo',
  'msw',
  'pino-http',
  'prom-client',
  'opentelemetry',
  'http-proxy',
  '@fastify/http-proxy',
  'graphql-yoga',
  'socket.io',
  'vite',
  'node:cluster',
  'subclasses',
]

/** Only in the table, not in the tests: pm2 leaves its daemon running when a test is aborted. */
export const slowTools: readonly string[] = ['pm2, fork', 'pm2, cluster']

/** Intended differences, by the name of the scenario; `seen` matches the response that Spillway has to give. */
const intended: Readonly<Record<string, { readonly reason: string; readonly seen: RegExp }>> = {
  'an unknown method': {
    reason: 'any token is a method (RFC 9110 §9.1): the application answers, where llhttp knows a list',
    seen: /^\{"status":"(?:200|404|405|400)/,
  },
}

/** The result of one scenario. */
export interface Outcome {
  readonly name: string
  readonly kind: 'same' | 'intended' | 'failed'
  readonly reason?: string
  readonly seen?: readonly [node: string, spillway: string]
}

/** Runs all scenarios with one framework, on both servers. @param installed the URL of `@spillway/node`. */
export async function compare(framework: Framework, installed: string): Promise<Outcome[]> {
  framework.build?.()
  const [node, spillway] = await both((ground) => play(framework, ground, installed))
  return [...node.keys()].map((name) => outcome(name, node.get(name), spillway.get(name)))
}

/** Milliseconds that a tool may take. */
const mostOfTool = 60_000

/** What a tool sees, on both servers. */
export async function compareTool(tool: string, installed: string): Promise<Outcome> {
  const [node, spillway] = await both(async (ground) => {
    const program = new Program('tools.mjs', [tool], ground, installed)
    const [seen] = await program.seen(1, mostOfTool)
    const result = seen ?? `nothing: ${program.errors}`
    program.kill()
    return result
  })
  return outcome(tool, node, spillway)
}

async function both<T>(run: (ground: Ground) => Promise<T>): Promise<[T, T]> {
  return [await run(grounds[0]), await run(grounds[1])]
}

async function play(
  { file, args = [], lacks }: Framework,
  ground: Ground,
  installed: string,
): Promise<Map<string, unknown>> {
  const program = new Program(file, args, ground, installed)
  const seen = new Map<string, unknown>()
  try {
    const port = await program.port()
    for (const { name, path, play: scenario } of scenarios)
      if (!lacks.includes(path))
        seen.set(
          name,
          program.isAlive ? await scenario(port, program).catch(String) : `the process has ended: ${program.errors}`,
        )
  } finally {
    program.kill()
  }
  return seen
}

function outcome(name: string, node: unknown, spillway: unknown): Outcome {
  const seen = [JSON.stringify(node), JSON.stringify(spillway)] as const
  if (isDeepStrictEqual(node, spillway))
    return { name, kind: /nothing: |the process has ended/.test(seen[0]) ? 'failed' : 'same', seen }
  const meant = intended[name]
  if (meant?.seen.test(seen[1])) return { name, kind: 'intended', reason: meant.reason, seen }
  return { name, kind: 'failed', seen }
}
