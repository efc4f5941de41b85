// Starts a project from each template, as `npm create spillway` does, from packages as npm would publish them and outside the
// workspace, and does there what its README says: tests, a build, `npm start`, and `npm run dev` through a change.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { environment, root, setup } from '../setup.mjs'

const packages = {
  '@spillway/parser': 'packages/parser',
  '@spillway/core': 'packages/core',
  '@spillway/middleware': 'packages/middleware',
  '@spillway/serve': 'apps/serve',
  'create-spillway': 'packages/create',
}
/** A path that each template answers with 200. */
const paths = { minimal: '/hello/world', api: '/notes', realtime: '/', static: '/about' }
const chosen = process.argv.slice(2)

setup()
const folder = mkdtempSync(join(tmpdir(), 'spillway-templates-'))
const quiet = { ...environment, NO_COLOR: '1', npm_config_update_notifier: 'false' }
const run = (cwd, command, ...args) =>
  execFileSync(command, args, { cwd, env: quiet, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const npm = (cwd, ...args) => run(cwd, 'npm', ...args)

try {
  const tarballs = {}
  for (const [name, path] of Object.entries(packages)) {
    const packed = JSON.parse(run(join(root, path), 'pnpm', 'pack', '--json', '--pack-destination', folder))
    tarballs[name] = `file:${packed.filename}`
  }
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ dependencies: { 'create-spillway': tarballs['create-spillway'] } }),
  )
  npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund')
  for (const template of chosen.length > 0 ? chosen : Object.keys(paths)) await tryTemplate(template, tarballs)
  console.log('every template was created, tested, built and started')
} catch (error) {
  console.error(error.stdout ?? '', error.stderr ?? '', error.message)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function tryTemplate(template, tarballs) {
  run(folder, process.execPath, 'node_modules/.bin/create-spillway', template, '-t', template, '-y', '--no-install')
  const project = join(folder, template)
  const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
  // These versions are in no registry yet.
  for (const part of ['dependencies', 'devDependencies'])
    for (const name of Object.keys(manifest[part])) manifest[part][name] = tarballs[name] ?? manifest[part][name]
  writeFileSync(join(project, 'package.json'), JSON.stringify({ ...manifest, overrides: tarballs }))
  npm(project, 'install', '--prefer-offline', '--no-audit', '--no-fund')
  npm(project, 'test')
  npm(project, 'run', 'build')
  const routes = npm(project, 'run', '--silent', 'routes')
  if (!routes.includes('/live')) throw new Error(`${template}: spillway routes printed ${routes}`)
  const started = await program(
    project,
    ['node', '--enable-source-maps', 'dist/main.js'],
    /Listening on (\S+)/,
    template,
  )
  await started.end()
  const dev = await program(
    project,
    ['node', 'node_modules/.bin/spillway', 'dev', 'src/app.ts'],
    /spillway dev: (\S+)/,
    template,
  )
  const source = join(project, 'src/app.ts')
  writeFileSync(source, `${readFileSync(source, 'utf8')}\napp_that_is_not()\n`)
  for (let status = 200, i = 0; status !== 500; i++) {
    if (i > 200) throw new Error(`${template}: the mistake is not seen`)
    await sleep(50)
    status = (await fetch(dev.url + paths[template])).status
  }
  await dev.end()
}

/** Starts a program on a free port, and asks it whether it lives. */
async function program(cwd, [command, ...args], pattern, template) {
  const child = spawn(command, args, { cwd, env: { ...quiet, PORT: '0' } })
  const ended = once(child, 'close')
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (out += piece))
  let url
  for (let i = 0; url === undefined && child.exitCode === null && i < 300; i++) {
    await sleep(100)
    url = pattern.exec(out)?.[1]
  }
  try {
    const headers = { Accept: 'text/html' }
    for (const path of ['/live', paths[template]]) {
      const { status } = await fetch(url + path, { headers })
      if (status !== 200) throw new Error(`${path} is ${status}`)
    }
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`${template}: ${args.join(' ')}: ${error.message}\n${out}`, { cause: error })
  }
  return {
    url,
    async end() {
      child.kill('SIGTERM')
      const [code] = await ended
      if (code !== 0) throw new Error(`${template}: ${args.join(' ')} ended with ${code}\n${out}`)
    },
  }
}
