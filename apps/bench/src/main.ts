import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { explain, ownVersion } from '@spillway/command-line'
import { type Arguments, readArguments, usage } from './arguments.ts'
import { type Bench, type Failure, canPin, furnish, makeCertificate, measure, writeProfile } from './bench.ts'
import { type Record, page } from './page.ts'
import { canMeasure } from './proc.ts'
import { findProgram, killAll } from './processes.ts'
import { parts, profileTable, readProfile } from './profile.ts'
import { Progress } from './progress.ts'
import { type Result, ratios } from './results.ts'
import { type Contender, type Places, contenders, versionOf } from './servers.ts'
import { table } from './table.ts'
import { type Workload, workloads } from './workloads.ts'

const args = read()
const hasWrk = findProgram('wrk') !== undefined
if (args.load === 'wrk' && !hasWrk) fail('wrk is not installed (Debian, Ubuntu: apt-get install wrk)')
if (!canMeasure) fail('processor time is read from /proc, so this runs on Linux only')

const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'))
// A web server that drops root privileges still has to reach its files.
chmodSync(folder, 0o755)
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    killAll()
    process.exit(1)
  })
}

const servers = fileURLToPath(new URL('servers/', import.meta.url))
const places: Places = { servers, folder, directory: join(folder, 'static') }
furnish(places)
const chosen = installed(pick(contenders, args.servers))
const tasks = pick(workloads, args.workloads).filter(isPossible)
const steps = tasks.length * chosen.length * (args.rounds + 1) + (args.profile ? tasks.length : 0)
const progress = new Progress(steps)
const generator = args.load ?? (hasWrk ? 'wrk' : 'own')
const { rounds, seconds } = args
const failures: Failure[] = []
const bench: Bench = { places, contenders: chosen, rounds, seconds, generator, progress, leaveOut }
if (tasks.some(({ tls }) => tls)) makeCertificate(places)

const versions = Object.fromEntries(
  await Promise.all(chosen.map(async (one) => [one.name, await versionOf(one, places)] as const)),
)
const machine = { processor: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.versions.node }
console.log(
  `${machine.processor}, ${machine.cores} cores, Node ${machine.node}; × tells how many times better than ${args.base}`,
)
if (args.load === undefined && !hasWrk) note('wrk is not installed: the load comes from the generator of the bench')
if (!canPin) note('one core, or no taskset: server and load generator are not kept apart')

const results: Result[] = []
for (const workload of tasks) {
  const found = await measure(workload, bench).catch((error: Error): Result[] => {
    for (const { name } of chosen) leaveOut({ workload: workload.name, server: name, why: error.message })
    return []
  })
  results.push(...found)
  progress.clear()
  const title = `\n${workload.name} (${workload.title}, ${workload.connections} connections)`
  if (found.length > 0) console.log(table(title, found, args.base).trimEnd())
  if (args.profile) await profile(workload).catch((error: Error) => warn(error.message))
}
if (args.json !== undefined) writeFileSync(args.json, `${JSON.stringify(record(), null, 2)}\n`)
if (args.html !== undefined) writeFileSync(args.html, page([record()]))

/** Reads the command line; requests for information, such as help, are answered here. */
function read(): Arguments {
  let found
  try {
    found = readArguments(process.argv.slice(2))
  } catch (error) {
    return fail(explain(error))
  }
  if (typeof found !== 'string') return found
  process.stdout.write(found === 'help' ? usage : `${ownVersion(new URL('../package.json', import.meta.url))}\n`)
  return process.exit(0)
}

/** Servers whose program is installed. */
function installed(wanted: readonly Contender[]): Contender[] {
  const [there, missing] = [wanted.filter(isThere), wanted.filter((one) => !isThere(one))]
  for (const { name } of missing) note(`${name} is not installed and left out`)
  return there
}

/** Only h2load supports streams. */
function isPossible({ name, streams }: Workload): boolean {
  const isMissing = streams !== undefined && findProgram('h2load') === undefined
  if (isMissing) note(`${name} is left out: h2load is not installed (Debian, Ubuntu: apt-get install nghttp2-client)`)
  return !isMissing
}

function isThere({ program }: Contender): boolean {
  return program === undefined || findProgram(program.name) !== undefined
}

/** Separate from the rounds, because profiling slows the server down. */
async function profile(workload: Workload): Promise<void> {
  progress.step(workload.name, 'spillway, profile')
  const directory = resolve('profiles')
  mkdirSync(directory, { recursive: true })
  const file = join(directory, `spillway-${workload.name}.cpuprofile`)
  await writeProfile(workload, bench, file)
  progress.clear()
  console.log(`\n  where spillway spends it (${file})`)
  const times = readProfile(file)
  console.log(profileTable(times.slice(0, 25)).trimEnd())
  console.log(`  ${parts(times)}`)
}

function record(): Record {
  const baseOf = (workload: string): Result | undefined =>
    results.find((one) => one.workload === workload && one.server === args.base)
  return {
    date: new Date().toISOString(),
    machine,
    versions,
    options: { rounds, seconds, base: args.base, load: generator, pinned: canPin },
    failures,
    results: results.map((one) => ({ ...one, ratios: ratios(one, baseOf(one.workload)) })),
  }
}

function pick<T extends { readonly name: string }>(all: readonly T[], names: readonly string[]): T[] {
  return names.flatMap((wanted) => all.filter(({ name }) => name === wanted))
}

function note(message: string): void {
  console.error(`bench: ${message}`)
}

function leaveOut(failure: Failure): void {
  failures.push(failure)
  warn(`${failure.workload}: ${failure.server} left out: ${failure.why}`)
}

/** Reports a problem that does not stop the rest. */
function warn(message: string): void {
  note(message)
  process.exitCode = 1
}

function fail(message: string): never {
  console.error(`bench: ${message}`)
  process.exit(2)
}
