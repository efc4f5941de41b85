// Bootstrap without dependencies: installs the workspace with the pinned pnpm when node_modules is missing or stale.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const at = (path) => new URL(`../${path}`, import.meta.url)
const stamp = at('node_modules/.setup.json')

/** The environment for child processes. After `setup`, the pinned pnpm (turbo needs it there) and the workspace's tools are on its PATH. */
export const environment = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' }
if (!process.stdout.isTTY && !process.env.FORCE_COLOR) environment.NO_COLOR = '1'

/** Options for spawning a tool by its name. */
export const spawnOptions = { cwd: root, env: environment, shell: process.platform === 'win32' }

/** Runs a command in the root folder, without standard input; returns its exit status. */
export function run(command, ...args) {
  const { error, status } = spawnSync(command, args, { ...spawnOptions, stdio: ['ignore', 'inherit', 'inherit'] })
  if (error) console.error(error.message)
  return status ?? 1
}

/** Like `run`, but shows the output only when the command fails, and then ends this process. */
export function must(command, ...args) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    ...spawnOptions,
    encoding: 'utf8',
    maxBuffer: Infinity,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status === 0) return
  console.error(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`)
  process.exit(status ?? 1)
}

/** Checks the version: an older Node.js would fail somewhere in a dependency without saying why. */
function checkNode() {
  const { engines } = JSON.parse(readFileSync(at('package.json'), 'utf8'))
  const [oldest] = /[\d.]+/.exec(engines.node)
  const isOlder = process.versions.node.localeCompare(oldest, 'en', { numeric: true }) < 0
  if (!isOlder) return
  console.error(`Node.js ${oldest} or newer is needed; this is ${process.versions.node} (${process.execPath})`)
  process.exit(1)
}

export function setup() {
  checkNode()
  const want = hashOfManifests()
  let { hash, pnpm } = readStamp()
  const installed = hash === want && existsSync(at('node_modules/.pnpm'))
  if (!installed || !existsSync(join(pnpm, 'pnpm'))) pnpm = findPnpm()
  environment.PATH = [pnpm, join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter)
  if (!installed) {
    console.log('setup: installing the workspace')
    must('pnpm', 'install', '--frozen-lockfile', '--reporter=append-only', '--config.confirmModulesPurge=false')
  }
  writeFileSync(stamp, JSON.stringify({ hash: want, pnpm }))
}

function readStamp() {
  try {
    return JSON.parse(readFileSync(stamp, 'utf8'))
  } catch {
    return {} // missing, or cut off when it was written
  }
}

function hashOfManifests() {
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml']
  for (const group of ['packages', 'apps', 'tooling']) {
    for (const name of existsSync(at(group)) ? readdirSync(at(group)).toSorted() : []) {
      const manifest = `${group}/${name}/package.json`
      if (existsSync(at(manifest))) files.push(manifest)
    }
  }
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(at(file)))
  return hash.digest('hex')
}

/** The folder of the pnpm that package.json pins, whatever pnpm the caller has (or has not): npx fetches it. */
function findPnpm() {
  const pin = JSON.parse(readFileSync(at('package.json'), 'utf8')).packageManager.split('+')[0]
  const args = ['--yes', `--package=${pin}`, '-c', 'node -p process.env.PATH']
  const { stdout, status } = spawnSync('npx', args, {
    ...spawnOptions,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) process.exit(status ?? 1)
  return stdout.trim().split(delimiter)[0]
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) setup()

/** The packages that are published: their folder and manifest by name. */
export function publishedPackages() {
  const found = new Map()
  for (const group of ['packages', 'apps'])
    for (const name of readdirSync(join(root, group))) {
      const folder = join(root, group, name)
      const file = join(folder, 'package.json')
      if (!existsSync(file)) continue
      const manifest = JSON.parse(readFileSync(file, 'utf8'))
      if (!manifest.private) found.set(manifest.name, { folder, manifest })
    }
  return found
}
