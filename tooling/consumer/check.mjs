// Installs every package as npm would publish it into a project outside the workspace, and checks it there: its types with
// the compilers and settings that projects use, `import`, `require`, its program, and which files it ships.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual, promisify } from 'node:util'
import { install, packAll } from '../packed.mjs'
import { environment, publishedPackages, root, setup } from '../setup.mjs'

const read = (folder, name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))

const packages = publishedPackages()
const expected = [200, 200, 200, 404, { hello: 'ali' }, true, '/x', 0.5, 'HTTP/1.1 200 OK']
/** Compilers besides the one of this workspace: its predecessor, which is still in use, and its successor, which is native code. */
const otherCompilers = { 'typescript-5': 'npm:typescript@5.9.3', 'typescript-7': 'npm:typescript@7.0.2' }
/** The files that a package may contain; those in `dist/public` are for browsers, and data for pages. */
const shipped =
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/[\w./-]+\.(js|js\.map|d\.c?ts)|dist\/public\/[\w./-]+\.(html|svg|json))$/
/** The one package that contains source files meant for users' projects. */
const templates = { name: 'create-spillway', files: /^templates\// }

setup()
const project = mkdtempSync(join(tmpdir(), 'spillway-consumer-'))
const run = (cwd, command, ...args) =>
  execFileSync(command, args, { cwd, env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** What can be imported from packages. */
function entriesOf(names) {
  return names.flatMap((name) =>
    Object.keys(packages.get(name).manifest.exports ?? {})
      .filter((entry) => entry !== './package.json')
      .map((entry) => `${name}${entry.slice(1)}`),
  )
}

/** Imports every entry of packages, so that all of their declarations are checked. */
function writeEntries(file, names) {
  const entries = entriesOf(names)
  const imports = entries.map((entry, i) => `import * as m${i} from '${entry}'\n`)
  writeFileSync(join(project, file), `${imports.join('')}export const all = [${entries.map((_, i) => `m${i}`)}]\n`)
}

async function compile(compiler, ...args) {
  const program = join(project, 'node_modules', compiler, 'bin/tsc')
  await promisify(execFile)(process.execPath, [program, ...args], { cwd: project, env: environment })
}

try {
  cpSync(new URL('./project', import.meta.url), project, { recursive: true })
  const packed = packAll(project)
  for (const [name, { files }] of packed) {
    const isExpected = (path) => shipped.test(path) || (name === templates.name && templates.files.test(path))
    const unexpected = files.filter((path) => !isExpected(path))
    if (unexpected.length > 0) throw new Error(`${name} ships ${unexpected.join(', ')}`)
  }
  const manifest = read(project, 'package.json')
  const { devDependencies } = read(root, 'package.json')
  const { jose, '@opentelemetry/api': telemetry } = read(root, 'packages/middleware/package.json').devDependencies
  const tools = {
    typescript: devDependencies.typescript,
    ...otherCompilers,
    '@types/node': devDependencies['@types/node'],
  }
  const ours = Object.fromEntries([...packed.keys()].map((name) => [name, '*']))
  const dependencies = { ...ours, ...tools, jose, '@opentelemetry/api': telemetry }
  install(project, { ...manifest, dependencies }, packed, '--ignore-scripts')

  writeEntries('all.ts', [...packages.keys()])
  writeEntries('all.cts', [...packages.keys()])
  writeEntries('parser.ts', ['@spillway/parser'])
  await Promise.all(
    ['typescript', ...Object.keys(otherCompilers)].flatMap((name) =>
      ['whole.tsconfig.json', 'bare.tsconfig.json'].map((config) => compile(name, '-p', config)),
    ),
  )
  const bundled = ['--module', 'esnext', '--moduleResolution', 'bundler', '--noEmit', '--strict']
  await Promise.all([
    compile('typescript', '-p', 'whole.tsconfig.json', ...bundled),
    compile('typescript', '-p', 'emit.tsconfig.json'),
  ])

  const seen = JSON.parse(run(project, process.execPath, 'app.js'))
  if (!isDeepStrictEqual(seen, expected)) throw new Error(`app.ts printed ${JSON.stringify(seen)}`)
  run(project, process.execPath, 'require.cjs', ...entriesOf([...packages.keys()]))
  tryPrograms()
  await tryServe()
  console.log(`${packages.size} packages installed, compiled and run`)
} catch (error) {
  console.error(error.stdout ?? '', error.stderr ?? '', error.message)
  process.exitCode = 1
} finally {
  rmSync(project, { recursive: true, force: true })
}

/** Checks that every program runs and reports its name and version. */
function tryPrograms() {
  for (const [name, { manifest }] of packages)
    for (const program of Object.keys(manifest.bin ?? {})) {
      const help = run(project, join(project, 'node_modules/.bin', program), '--help')
      if (!help.includes(program.replace('create-', ''))) throw new Error(`${program} of ${name} printed ${help}`)
    }
}

/** The program of `@spillway/serve`, as `npx` runs it: it serves this project and shuts down cleanly. */
async function tryServe() {
  const program = join(project, 'node_modules/.bin/spillway')
  const child = spawn(program, ['.', '--host', '127.0.0.1', '--port', '0'], { cwd: project, env: environment })
  const ended = once(child, 'close')
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (out += piece))
  try {
    let url
    for (let i = 0; url === undefined && child.exitCode === null && i < 300; i++) {
      await sleep(100)
      url = /here +(\S+)/.exec(out)?.[1]
    }
    const { version } = JSON.parse(readFileSync(join(root, 'apps/serve/package.json'), 'utf8'))
    const seen = url && (await (await fetch(`${url}/package.json`)).json()).dependencies
    child.kill('SIGTERM')
    const [code] = await ended
    if (!seen?.['@spillway/serve'] || code !== 0 || run(project, program, '--version').trim() !== version)
      throw new Error(`spillway ended with ${code} and printed ${out}`)
  } finally {
    child.kill('SIGKILL')
  }
}
