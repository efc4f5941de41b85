// Installs the packages as npm would publish them into a project outside the workspace, and uses them there: types in
// every way a project may resolve modules, `import`, `require`, the program, and the files that came along.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { environment, root, setup } from '../setup.mjs'

const packages = {
  parser: 'packages/parser',
  core: 'packages/core',
  middleware: 'packages/middleware',
  serve: 'apps/serve',
}
const expected = [200, 200, 200, 404, { hello: 'ali' }, true, '/x', 0.5, 'HTTP/1.1 200 OK']
/** What may be in a package, and nothing else. */
const shipped = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/[\w./-]+\.(js|js\.map|d\.ts))$/

setup()
const project = mkdtempSync(join(tmpdir(), 'spillway-consumer-'))
const run = (cwd, command, ...args) =>
  execFileSync(command, args, { cwd, env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

try {
  cpSync(new URL('./project', import.meta.url), project, { recursive: true })
  const tarballs = {}
  for (const [name, folder] of Object.entries(packages)) {
    const packed = JSON.parse(run(join(root, folder), 'pnpm', 'pack', '--json', '--pack-destination', project))
    const unexpected = packed.files.map(({ path }) => path).filter((path) => !shipped.test(path))
    if (unexpected.length > 0) throw new Error(`@spillway/${name} ships ${unexpected.join(', ')}`)
    tarballs[`@spillway/${name}`] = `file:${packed.filename}`
  }
  const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const tools = { typescript: devDependencies.typescript, '@types/node': devDependencies['@types/node'] }
  // The packages ask for each other by version, and these versions are in no registry yet.
  const whole = { ...manifest, dependencies: { ...tarballs, ...tools }, overrides: tarballs }
  writeFileSync(join(project, 'package.json'), JSON.stringify(whole))
  run(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts')

  const strict = ['--strict', '--noEmit', '--target', 'es2022', '--types', 'node', 'app.ts']
  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])
    run(project, 'npx', 'tsc', '--module', module, '--moduleResolution', resolution, ...strict)
  run(project, 'npx', 'tsc', '--module', 'nodenext', '--target', 'es2022', '--types', 'node', 'app.ts')

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
