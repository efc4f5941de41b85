// `npm create spillway`: a project from each template starts and answers, both from source and built.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run as runProgram, runChecks, start } from './harness.mjs'

const folder = process.cwd()
/** Its dependencies are found in the folder above. */
const project = (template) => `${folder}/projects/${template}`
const { Bun, Deno } = globalThis
const [major, minor] = process.versions.node.split('.').map(Number)
const runsTypeScript = Boolean(Bun ?? Deno) || major > 22 || (major === 22 && minor >= 18)

async function create(template) {
  if (existsSync(project(template))) return
  const args = [project(template), '-t', template, '-y', '--no-install', '--no-git']
  await runProgram([`${folder}/node_modules/create-spillway/dist/main.js`, ...args])
}

/** Starts a program of a project, sends a request, and ends the program. */
async function answers(template, file, path, expected) {
  const started = start([file], { cwd: project(template), env: { PORT: '0', DATABASE: ':memory:' } })
  const url = await started.said(/Listening on (\S+)/)
  for (const own of ['/live', '/ready']) assert.equal((await fetch(url + own)).status, 200, own)
  const response = await fetch(url + path)
  assert.equal(response.status, 200)
  assert.match(await response.text(), expected)
  assert.equal(await started.end('SIGTERM'), 0, started.err)
}

const templates = {
  minimal: ['/hello/world', /^{"hello":"world"}$/],
  api: ['/notes', /^\[\]$/],
  realtime: ['/', /<!doctype html>/i],
  static: ['/about', /<!doctype html>/i],
}

const checks = {}
for (const [template, [path, expected]] of Object.entries(templates)) {
  checks[`${template}: built, it starts and answers`] = async () => {
    await create(template)
    await runProgram([`${folder}/node_modules/typescript/bin/tsc`, '-p', 'tsconfig.build.json'], {
      cwd: project(template),
    })
    await answers(template, 'dist/main.js', path, expected)
  }
  if (runsTypeScript)
    checks[`${template}: its sources start and answer`] = async () => {
      await create(template)
      await answers(template, 'src/main.ts', path, expected)
    }
}
checks['a folder that is not empty is left alone'] = async () => {
  await create('minimal')
  const { out, err } = await runProgram(
    [`${folder}/node_modules/create-spillway/dist/main.js`, project('minimal'), '-y'],
    { status: 1 },
  )
  assert.match(out + err, /is not empty/)
  assert.ok(readFileSync(`${project('minimal')}/package.json`, 'utf8').includes('@spillway/core'))
}

const loadsSqlite = () =>
  spawnSync(process.execPath, ['-e', 'new (require("better-sqlite3"))(":memory:")']).status === 0

/** better-sqlite3 is compiled for one version of Node.js; for another, this compiles it as `npm install` would. */
function hasSqlite() {
  if (loadsSqlite()) return true
  const home = join(dirname(process.execPath), '..')
  const headers = existsSync(join(home, 'include/node/node.h')) ? { npm_config_nodedir: home } : {}
  spawnSync('npm', ['rebuild', 'better-sqlite3'], { env: { ...process.env, ...headers } })
  return loadsSqlite()
}

export function run() {
  // In other runtimes, it is a known gap that it cannot be loaded.
  if (!Bun && !Deno && !hasSqlite()) {
    console.error('create: better-sqlite3 could not be built here, so the template `api` is not tried')
    for (const check of Object.keys(checks)) if (check.startsWith('api:')) delete checks[check]
  }
  return runChecks(checks)
}
