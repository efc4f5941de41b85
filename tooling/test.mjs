// All checks of the repository: `npm test`, or `npm test -- <arguments of vitest>`. With `--without-tools-too`, tests that
// use curl, nginx and the like run a second time as on a machine that has none of them.
// Its last line, alone, is "N passed, N failed[, N skipped]", where each check counts as one test.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { environment, setup, spawnOptions } from './setup.mjs'

const turbo = (task) => ['turbo', 'run', task, '--continue=dependencies-successful', '--output-logs=errors-only']
const build = { name: 'build', command: turbo('build') }
const checks = [
  { name: 'packages', command: turbo('check:pkg'), needsBuild: true },
  { name: 'installation', command: ['node', 'tooling/consumer/check.mjs'], needsBuild: true },
  { name: 'inspector', command: ['node', 'tooling/consumer/inspected.mjs'], needsBuild: true },
  { name: 'templates', command: ['node', 'tooling/consumer/templates.mjs'], needsBuild: true },
  { name: 'types', command: ['tsc', '-p', '.', '--incremental'] },
  // As editors check a package: with the tsconfig.json of its folder.
  { name: 'types of core', command: ['tsc', '-p', 'packages/core'] },
  { name: 'types of middleware', command: ['tsc', '-p', 'packages/middleware'] },
  { name: 'types of conduit', command: ['tsc', '-p', 'apps/conduit'] },
  { name: 'types of the guides', command: ['tsc', '-p', 'apps/docs'] },
  { name: 'types of the chat', command: ['tsc', '-p', 'apps/chat/page'] },
  { name: 'types without Node', command: ['tsc', '-p', 'packages/parser/tsconfig.src.json'] },
  { name: 'types of the page', command: ['tsc', '-p', 'apps/wire-lab/page'] },
  { name: 'types of the inspector’s', command: ['tsc', '-p', 'packages/inspect/page'] },
  { name: 'unused code', command: ['knip', '--no-progress'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'regular expressions', command: ['node', 'tooling/regexps/check.mjs'] },
  { name: 'format', command: ['oxfmt', '--check', '.'] },
  { name: 'size', command: ['size-limit'], needsBuild: true },
]
const counts = { passed: 0, failed: 0, skipped: 0 }
/** Lines about what failed, said again at the end: what a failing test prints is far above by then. */
const failures = []
/** The same of what failed, and was run again. */
const doubtful = []

/** Runs one check and prints one line about it, followed by its whole output when it failed. */
async function check({ name, command }) {
  const started = performance.now()
  const { status, output } = await collect(command)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  counts[status === 0 ? 'passed' : 'failed'] += 1
  console.log(`${status === 0 ? '✓' : '✗'} ${name.padEnd(19)} ${seconds.padStart(5)} s`)
  if (status !== 0) {
    failures.push(`${name}:`, ...output.trim().split('\n').slice(-10))
    console.log(`${output.trim()}\n`)
    return false
  }
  // A check that cannot run here says so.
  if (/^\S+: skipped/m.test(output)) console.log(`  ${output.trim()}`)
  return true
}

function collect([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...spawnOptions, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('error', (error) => resolve({ status: 1, output: `${output}${error.message}` }))
    child.on('close', (status) => resolve({ status: status ?? 1, output }))
  })
}

/** Two at a time. */
async function checkAll(list) {
  const queue = [...list]
  const worker = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await check(next)
  }
  await Promise.all([worker(), worker()])
}

/** Runs tests and counts them; with `SPILLWAY_TEST_AGAIN`, the files of those that failed a second time, alone. */
// decision 103
async function vitest(args, variables = {}) {
  const first = await testFiles(args, variables)
  const again = Object.keys(first).filter((file) => mayPass(file, first[file]))
  const second = again.length > 0 ? await testFiles(['run', ...again], variables) : {}
  doubtful.push(...again.flatMap((file) => first[file].failures))
  for (const { failures: failed, ...seen } of Object.values({ ...first, ...second })) {
    for (const key of Object.keys(counts)) counts[key] += seen[key]
    failures.push(...failed)
  }
}

/** Whether a second run may end otherwise. The counterexample of a property would only be lost: a second run has other inputs. */
function mayPass(file, { failures: failed }) {
  return (
    process.env.SPILLWAY_TEST_AGAIN !== undefined &&
    file !== '' &&
    failed.length > 0 &&
    !failed.some((failure) => failure.includes('Property failed'))
  )
}

/** Runs tests. Returns what became of each file; the name of a run that broke without a failing test is empty. */
async function testFiles(args, variables) {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-test-'))
  const path = join(folder, 'results.json')
  const child = spawn('vitest', args, {
    ...spawnOptions,
    env: { ...environment, ...variables, SPILLWAY_TEST_RESULTS: path },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const status = await new Promise((resolve) => child.on('close', resolve))
  const files = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
  rmSync(folder, { recursive: true })
  // Bad configuration, or a crash.
  if (status !== 0 && !Object.values(files).some(({ failed }) => failed > 0))
    files[''] = { passed: 0, failed: 1, skipped: 0, failures: [`vitest ended with ${status}`] }
  return files
}

process.on('exit', (code) => {
  // Something threw, or the installation failed.
  if (code !== 0 && counts.failed === 0) counts.failed = 1
  if (doubtful.length > 0) console.log(`\nRun again, as it had failed:\n  ${doubtful.join('\n  ')}`)
  if (failures.length > 0) console.log(`\nFailed:\n  ${failures.join('\n  ')}`)
  const { passed, failed, skipped } = counts
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
})

setup()
const built = await check(build)
const possible = checks.filter(({ needsBuild }) => built || !needsBuild)
await checkAll(possible)
for (const { name } of checks.filter((one) => !possible.includes(one))) {
  counts.skipped += 1
  console.log(`- ${name.padEnd(19)} skipped, as the build failed`)
}
// Runs alone, because other load would disturb tests of time limits.
const twice = '--without-tools-too'
await vitest(['run', ...process.argv.slice(2).filter((arg) => arg !== twice)])
if (process.argv.includes(twice)) {
  console.log('The tests that use outside tools, without them:')
  await vitest(['related', '--run', 'tooling/vitest/programs.js'], { SPILLWAY_WITHOUT_TOOLS: '1' })
}
// Counts requests lost to host failures, as far as this machine allows the test; its load would disturb other tests.
if (built) await check({ name: 'rehearsal', command: ['node', 'tooling/reliability/rehearse.mjs', '--short'] })
process.exitCode = counts.failed === 0 ? 0 : 1
