// The suites that are run in every runtime: for each package, what its users install, and what else `suites/NAME.mjs` needs.
import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from '../setup.mjs'
import { execFileSync, findTool } from '../vitest/programs.js'

const openssl = findTool('openssl')

const manifestOf = (path) => JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'))

/** Third-party packages in the versions that this workspace tests with. */
function versions(path, ...names) {
  const { dependencies, devDependencies } = manifestOf(path)
  const all = { ...dependencies, ...devDependencies }
  return Object.fromEntries(names.map((name) => [name, all[name]]))
}

function transpile(from, to) {
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 }
  writeFileSync(to, ts.transpileModule(readFileSync(join(root, from), 'utf8'), { compilerOptions }).outputText)
}

/** The cases of packages/parser/vectors, and the code that replays them. */
function vectors(folder) {
  transpile('packages/parser/test/replay.ts', join(folder, 'replay.mjs'))
  const lists = ['vectors', 'vectors/calls'].map((path) => {
    const at = join(root, 'packages/parser', path)
    const names = readdirSync(at).filter((name) => name.endsWith('.json'))
    return names.flatMap((name) => JSON.parse(readFileSync(join(at, name), 'utf8')))
  })
  writeFileSync(join(folder, 'vectors.mjs'), `export const [vectors, calls] = ${JSON.stringify(lists)}\n`)
}

function certificate(folder) {
  if (openssl.isMissing) return
  const options = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost'.split(' ')
  const args = ['req', ...options, '-keyout', 'key.pem', '-out', 'cert.pem']
  execFileSync(openssl.path, args, { cwd: folder, stdio: 'ignore' })
}

/** The dependencies of all templates, which are installed once, in the folder above the projects. */
function templates() {
  const manifests = ['shared', 'api'].map((name) =>
    JSON.parse(readFileSync(join(root, 'packages/create/templates', name, '_package.json'), 'utf8')),
  )
  const asked = manifests.flatMap(({ dependencies, devDependencies }) =>
    Object.entries({ ...dependencies, ...devDependencies }),
  )
  return Object.fromEntries(asked)
}

/** Copies better-sqlite3 as it was compiled for this workspace's version of Node.js. */
function sqlite(folder) {
  const built = 'node_modules/better-sqlite3/build/Release/better_sqlite3.node'
  const from = join(root, 'apps/conduit', built)
  if (existsSync(from)) cpSync(from, join(folder, built), { recursive: true })
}

/**
 * By name: `packages` to install; `isPortable`, whether the suite needs nothing but the language, so that a page can run it;
 * `fill`, which writes whatever else the suite needs.
 */
export const suites = {
  parser: { packages: { '@spillway/parser': '*' }, isPortable: true, fill: vectors },
  core: { packages: { '@spillway/core': '*' }, fill: certificate },
  middleware: { packages: { '@spillway/middleware': '*', ...versions('packages/middleware', 'jose') } },
  inspect: { packages: { '@spillway/inspect': '*', '@spillway/core': '*', '@spillway/middleware': '*' } },
  node: { packages: { '@spillway/node': '*', ...versions('apps/compat', 'express', 'fastify', 'koa', 'ws') } },
  create: { packages: { 'create-spillway': '*', ...templates() }, fill: sqlite },
  serve: { packages: { '@spillway/serve': '*', ...versions('apps/serve', 'tsx') } },
  replay: {
    packages: { '@spillway/replay': '*' },
    fill: (folder) => transpile('packages/inspect/test/packets.ts', join(folder, 'packets.mjs')),
  },
}
