// Installs the packages as npm would publish them into a project outside the workspace, and uses them there: types under the
// compilers and in the ways that projects have, `import`, `require`, the program, and the files that came along.
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual, promisify } from 'node:util'
import { environment, root, setup } from '../setup.mjs'

const packages = {
  parser: 'packages/parser',
  core: 'packages/core',
  middleware: 'packages/middleware',
  node: 'packages/node',
  inspect: 'packages/inspect',
  serve: 'apps/serve',
}
const expected = [200, 200, 200, 404, { hello: 'ali' }, true, '/x', 0.5, 'HTTP/1.1 200 OK']
/** Compilers beside the one of this workspace: the one before it that is still in use, and the one in machine code. */
const otherCompilers = { 'typescript-5': 'npm:typescript@5.9.3', 'typescript-7': 'npm:typescript@7.0.2' }
/** What may be in a package, and nothing else; `dist/public` is what browsers get. */
const shipped =
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/[\w./-]+\.(js|js\.map|d\.c?ts)|dist\/public\/[\w./-]+\.(html|svg))$/

setup()
const project = mkdtempSync(join(tmpdir(), 'spillway-consumer-'))
const run = (cwd, command, ...args) =>
  execFileSync(command, args, { cwd, env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const read = (folder, name) => JSON.parse(readFileSync(join(folder, name), 'utf8'))

/** Imports every entry of packages, so that all of their declarations are checked. */
function writeEntries(file, names) {
  const entries = names.flatMap((name) =>
    Object.keys(read(root, `${packages[name]}/package.json`).exports)
      .filter((entry) => entry !== './package.json')
      .map((entry) => `@spillway/${name}${entry.slice(1)}`),
  )
  const imports = entries.map((entry, i) => `import * as m${i} from '${entry}'\n`)
  writeFileSync(join(project, file), `${imports.join('')}export const all = [${entries.map((_, i) => `m${i}`)}]\n`)
}

async function compile(compiler, ...args) {
  const program = join(project, 'node_modules', compiler, 'bin/tsc')
  await promisify(execFile)(process.execPath, [program, ...args], { cwd: project, env: environment })
}

try {
  cpSync(new URL('./project', import.meta.url), project, { recursive: true })
  const tarballs = {}
  for (const [name, folder] of Object.entries(packages)) {
    const packed = JSON.parse(run(join(root, folder), 'pnpm', 'pack', '--json', '--pack-destination', project))
    const unexpected = packed.files.map(({ path }) => path).filter((path) => !shipped.test(path))
    if (unexpected.length > 0) throw new Error(`@spillway/${name} ships ${unexpected.join(', ')}`)
    tarballs[`@spillway/${name}`] = `file:${packed.filename}`
  }
  const manifest = read(project, 'package.json')
  const { devDependencies } = read(root, 'package.json')
  const { jose, '@opentelemetry/api': telemetry } = read(root, 'packages/middleware/package.json').devDependencies
  const tools = {
    typescript: devDependencies.typescript,
    ...otherCompilers,
    '@types/node': devDependencies['@types/node'],
  }
  // The packages ask for each other by version, and these versions are in no registry yet.
  const dependencies = { ...tarballs, ...tools, jose, '@opentelemetry/api': telemetry }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ ...manifest, dependencies, overrides: tarballs }))
  run(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts')

  const libraries = ['parser', 'core', 'middleware', 'node', 'inspect']
  writeEntries('all.ts', libraries)
  writeEntries('all.cts', libraries)
  writeEntries('parser.ts', ['parser'])
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
  const required = run(project, process.execPath, 'require.cjs').trim()
  if (required !== 'function function function') throw new Error(`require.cjs printed ${required}`)
  await tryProgram()
  const installed = readdirSync(join(project, 'node_modules/@spillway')).length
  console.log(`${installed} packages installed, compiled and run`)
} catch (error) {
  console.error(error.stdout ?? '', error.stderr ?? '', error.message)
  process.exitCode = 1
} finally {
  rmSync(project, { recursive: true, force: true })
}

/** The program of `@spillway/serve`, as `npx` runs it: it serves this project, and ends in order. */
async function tryProgram() {
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
