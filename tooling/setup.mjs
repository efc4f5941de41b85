// Bootstrap without dependencies: installs the workspace with the pinned pnpm when node_modules is missing or stale.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const at = (path) => new URL(`../${path}`, import.meta.url)
const pin = JSON.parse(readFileSync(at('package.json'), 'utf8')).packageManager.split('+')[0]

export const environment = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' }

/** The path of a tool that the workspace has installed. */
export const bin = (name) => join(root, 'node_modules/.bin', process.platform === 'win32' ? `${name}.cmd` : name)

/** How to run the pinned pnpm, whatever pnpm the caller has (or has not). */
export const pnpm = (...args) => ['npx', '--yes', pin, ...args]

/** turbo cannot run a task without pnpm on its PATH; this way it finds the pinned one. */
export const turbo = (...args) => pnpm('exec', 'turbo', ...args)

/** Runs a command in the root folder, without standard input; returns its exit status. */
export function run([command, ...args]) {
  const { error, status } = spawnSync(command, args, {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (error) console.error(error.message)
  return status ?? 1
}

export function setup() {
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml']
  for (const group of ['packages', 'apps', 'tooling']) {
    for (const name of existsSync(at(group)) ? readdirSync(at(group)).toSorted() : []) {
      const manifest = `${group}/${name}/package.json`
      if (existsSync(at(manifest))) files.push(manifest)
    }
  }
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(at(file)))
  const want = hash.digest('hex')
  const stamp = at('node_modules/.setup-stamp')
  const installed = existsSync(stamp) && existsSync(at('node_modules/.pnpm'))
  if (installed && readFileSync(stamp, 'utf8') === want) return
  console.log(`setup: installing the workspace with ${pin}`)
  const status = run(
    pnpm('install', '--frozen-lockfile', '--reporter=append-only', '--config.confirmModulesPurge=false'),
  )
  if (status !== 0) process.exit(status)
  writeFileSync(stamp, want)
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) setup()
