// The whole check of the repository: `npm test`, or `npm test -- <arguments of vitest>`.
// Its last line, alone, is "N passed, N failed[, N skipped]", where each check counts as one test.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bin, environment, root, setup, turbo } from './setup.mjs'

const counts = { passed: 0, failed: 0, skipped: 0 }

/** Runs one check and prints one line about it, followed by its whole output when it failed. */
async function check(name, [command, ...args]) {
  const started = performance.now()
  const { status, output } = await collect(command, args)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  counts[status === 0 ? 'passed' : 'failed'] += 1
  console.log(`${status === 0 ? '✓' : '✗'} ${name.padEnd(10)} ${seconds.padStart(5)} s`)
  if (status !== 0) console.log(`${output.trimEnd()}\n`)
  return status === 0
}

function collect(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...environment, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('error', (error) => resolve({ status: 1, output: `${output}${error.message}` }))
    child.on('close', (status) => resolve({ status: status ?? 1, output }))
  })
}

/** Runs the checks of a list, two at a time. */
async function checkAll(list) {
  const queue = [...list]
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await check(...next)
  }
  await Promise.all([worker(), worker()])
}

async function vitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-test-'))
  const file = join(folder, 'counts.json')
  const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...args], {
    cwd: root,
    env: { ...environment, SPILLWAY_TEST_COUNTS: file },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const status = await new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
  const seen = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { passed: 0, failed: 0, skipped: 0 }
  rmSync(folder, { recursive: true })
  for (const key of Object.keys(counts)) counts[key] += seen[key]
  // A run that broke without a failing test (bad configuration, coverage threshold, crash).
  if (status !== 0 && seen.failed === 0) counts.failed += 1
}

setup()
const built = await check('build', turbo('run', 'build', '--output-logs=errors-only'))
const checks = [
  ['typecheck', turbo('run', 'typecheck', '--output-logs=errors-only')],
  ['knip', [bin('knip'), '--no-progress']],
  ['lint', [bin('oxlint'), '--type-aware', '--deny-warnings']],
  ['format', [bin('oxfmt'), '--check', '.']],
]
const ofBuild = [
  ['packages', turbo('run', 'check:pkg', '--output-logs=errors-only')],
  ['size', [bin('size-limit')]],
]
await checkAll(built ? [...checks, ...ofBuild] : checks)
if (!built) {
  counts.skipped += ofBuild.length
  console.log(`- ${ofBuild.map(([name]) => name).join(', ')}: skipped, as the build failed`)
}
await vitest(process.argv.slice(2))

const { passed, failed, skipped } = counts
process.exitCode = failed === 0 ? 0 : 1
process.on('exit', () =>
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`),
)
