// One use of the bench: creates and removes what servers and load generators need.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, answersOf, comingBack, differences } from './compare.ts'
import { freePort } from '@spillway/vitest-config/free-port'
import { type RunningServer, findProgram, startServer } from './processes.ts'
import { Meter, usage } from './proc.ts'
import type { Progress } from './progress.ts'
import { type Result, type Round, summarize } from './results.ts'
import { type Contender, type Places, commandOf, spillway } from './servers.ts'
import { h2load } from './h2load.ts'
import { type Load, type LoadOptions, own } from './load.ts'
import { greeting } from './settings.ts'
import { type Workload, isProxied, staticFiles, tlsOf } from './workloads.ts'
import { wrk } from './wrk.ts'

/** A server that is left out of a workload, because something went wrong. */
export interface Failure {
  readonly workload: string
  readonly server: string
  readonly why: string
}

/** One use of the bench. */
export interface Bench {
  readonly places: Places
  readonly contenders: readonly Contender[]
  readonly rounds: number
  readonly seconds: number
  /** The load generator for HTTP/1.1. WebSocket always uses our own generator, HTTP/2 always h2load. */
  readonly generator: 'wrk' | 'own'
  /** Processes of upstream servers. */
  readonly others?: readonly number[]
  readonly progress: Progress
  /** Called for a server that went wrong; the bench goes on without it. */
  readonly leaveOut: (failure: Failure) => void
}

const serverCore = 0
const loadCore = 1

/** Microseconds of processor time after which a server counts as warm, and that a profile should cover. */
const warmTime = 1_500_000
const profiledTime = 4_000_000
/** Milliseconds within which a server has to answer everything that it will be asked. */
const answerTime = 20_000
/** Most runs of the load generator, for warming up as for a profile. */
const runsForTime = 12

/** Whether the server and the load generator each get a core. */
export const canPin: boolean = findProgram('taskset') !== undefined && cpus().length > loadCore

function pinned(core: number): string[] {
  return canPin ? ['taskset', '-c', String(core)] : []
}

/** Creates the files that servers and load generators need. */
export function furnish({ folder, directory }: Places): void {
  mkdirSync(directory, { recursive: true })
  for (const [name, size] of staticFiles) writeFileSync(join(directory, name), 'spillway'.repeat(size / 8))
  const items = Array.from({ length: 50 }, (_, i) => ({
    id: i + 1,
    name: `Item ${i + 1}`,
    category: ['tools', 'garden', 'kitchen', 'office'][i % 4],
    price: 5 + ((i * 37) % 200),
    quantity: 1 + ((i * 13) % 20),
    active: i % 3 !== 0,
    tags: ['fast', 'new', 'sale'].slice(0, 1 + (i % 3)),
    rating: { score: (i * 7) % 50, count: (i * 31) % 400 },
  }))
  writeFileSync(join(folder, 'dataset.json'), JSON.stringify(items))
  // For servers that can only serve files.
  writeFileSync(join(folder, 'plaintext'), greeting)
}

/** Creates a certificate for workloads over TLS. @throws Error when openssl is not installed. */
export function makeCertificate({ folder }: Pick<Places, 'folder'>): void {
  const options = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost'.split(' ')
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  execFileSync('openssl', ['req', ...options, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  // HAProxy reads certificate and key from one file.
  writeFileSync(join(folder, 'both.pem'), readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'))
}

/** Runs one workload: all its servers are up, and take turns in every round. */
export async function measure(workload: Workload, bench: Bench): Promise<Result[]> {
  const { contenders, progress, rounds } = bench
  const able = contenders.filter(({ features }) => features.includes(workload.needs))
  progress.skip((contenders.length - able.length) * (rounds + 1))
  const up = new Map<string, RunningServer>()
  const behind = isProxied(workload) ? await startBehind(bench) : undefined
  try {
    for (const contender of able) {
      try {
        up.set(contender.name, await start(contender, workload, bench, behind))
      } catch (error) {
        bench.leaveOut({ workload: workload.name, server: contender.name, why: (error as Error).message })
      }
    }
    await leaveOutWrong(workload, up, bench)
    return await takeTurns(workload, up, { ...bench, others: behind ? [behind.pid] : [] })
  } finally {
    await Promise.all([...up.values(), ...(behind ? [behind] : [])].map((server) => server.stop()))
  }
}

/** The upstream server for proxies: on the core of the load generator, because it is not what is measured. */
async function startBehind({ places }: Bench): Promise<RunningServer> {
  const port = await freePort()
  const command = [...pinned(loadCore), ...(await commandOf(spillway, { places, port, tls: 'none' }, []))]
  return startServer(command, port, { NODE_ENV: 'production', BENCH_PORT: String(port) })
}

/** Starts a server on its core. */
async function start(
  contender: Contender,
  workload: Workload,
  { places }: Bench,
  behind?: RunningServer,
  nodeFlags: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<RunningServer> {
  const port = await freePort()
  const tls = tlsOf(workload)
  const command = [
    ...pinned(serverCore),
    ...(await commandOf(contender, { places, port, tls, upstream: behind?.port }, nodeFlags)),
  ]
  return startServer(command, port, {
    // Express and others are slower unless told that this is production.
    NODE_ENV: 'production',
    BENCH_PORT: String(port),
    BENCH_STATIC: places.directory,
    ...(behind && { BENCH_UPSTREAM: `http://127.0.0.1:${behind.port}` }),
    ...(tls !== 'none' && { BENCH_TLS: places.folder }),
    BENCH_DATASET: join(places.folder, 'dataset.json'),
    ...contender.program?.environment?.(places.folder),
    ...env,
  })
}

/** Writes a CPU profile of spillway under a workload, once it is warm. */
export async function writeProfile(workload: Workload, bench: Bench, file: string): Promise<void> {
  const profiler = join(bench.places.servers, '../profiler.js')
  const behind = isProxied(workload) ? await startBehind(bench) : undefined
  const server = await start(spillway, workload, bench, behind, ['--import', profiler], { BENCH_PROFILE: file })
  try {
    await loadFor(warmTime, workload, server, bench)
    process.kill(server.pid, 'SIGUSR2')
    await loadFor(profiledTime, workload, server, bench)
    process.kill(server.pid, 'SIGUSR2')
    await server.end
  } finally {
    await Promise.all([server.stop(), behind?.stop()])
  }
}

async function leaveOutWrong(workload: Workload, up: Map<string, RunningServer>, { leaveOut }: Bench): Promise<void> {
  const without = async (server: string, why: string): Promise<void> => {
    leaveOut({ workload: workload.name, server, why })
    await up.get(server)?.stop()
    up.delete(server)
  }
  const answers = new Map<string, readonly Answer[]>()
  for (const [name, server] of up) {
    try {
      answers.set(name, await within(answerTime, answersOf(workload, server.port)))
    } catch (error) {
      await without(name, (error as Error).message)
    }
  }
  for (const { server: name, what } of differences(workload, answers)) await without(name, what)
}

/** @throws Error when the work takes longer than `time` milliseconds. */
async function within<T>(time: number, work: Promise<T>): Promise<T> {
  const late = sleep(time, undefined, { ref: false }).then(() => Promise.reject(new Error(`no answers in ${time} ms`)))
  return Promise.race([work, late])
}

async function takeTurns(workload: Workload, up: Map<string, RunningServer>, bench: Bench): Promise<Result[]> {
  const { progress, rounds, leaveOut } = bench
  const found = new Map<string, Round[]>()
  /** A server that fails under load is left out, and the others go on. */
  const turn = async (name: string, what: string, work: (server: RunningServer) => Promise<void>): Promise<void> => {
    progress.step(workload.name, `${name}, ${what}`)
    const server = up.get(name)
    if (!server) return
    try {
      await work(server)
    } catch (error) {
      leaveOut({ workload: workload.name, server: name, why: (error as Error).message })
      up.delete(name)
      found.delete(name)
      await server.stop()
    }
  }
  const names = [...up.keys()]
  for (const name of names) await turn(name, 'warm-up', (server) => warmUp(workload, server, bench))
  for (const name of up.keys()) found.set(name, [])
  for (let round = 1; round <= rounds; round++)
    for (const name of names)
      await turn(name, `round ${round} of ${rounds}`, async (server) => {
        found.get(name)!.push(await loadOnce(workload, server, bench))
      })
  return [...found].map(([name, list]) => summarize(workload.name, name, list))
}

/** An optimizing compiler needs processor time to compile hot code; on a busy machine, that takes longer. */
async function warmUp(workload: Workload, server: RunningServer, bench: Bench): Promise<void> {
  // At most half of the time spent on measuring.
  await loadFor(Math.min(warmTime, (bench.rounds * bench.seconds * 1e6) / 2), workload, server, bench)
}

/** Loads a server until it has used `time` microseconds of processor time. */
async function loadFor(time: number, workload: Workload, server: RunningServer, bench: Bench): Promise<void> {
  const before = usage(server.pid).cpu
  for (let i = 0; i < runsForTime && usage(server.pid).cpu - before < time; i++) await loadOnce(workload, server, bench)
}

/** Loads a running server once. */
async function loadOnce(workload: Workload, running: RunningServer, bench: Bench): Promise<Round> {
  const { places, seconds, generator, others = [] } = bench
  const { pid, port } = running
  const program = join(places.servers, '../generator.js')
  const at: LoadOptions = { seconds, folder: places.folder, prefix: pinned(loadCore), program, pid, others }
  const asked = workload.cookie ? await comingBack(workload, port) : workload
  const meter = new Meter(pid, others)
  const seen = await generatorOf(workload, generator)(asked, port, at)
  const { server, machine } = seen.spent ?? meter.read()
  if (seen.requests === 0) throw new Error('nothing was answered under load')
  if (running.said() !== undefined) throw new Error(`it ended under load:\n${running.said()}`)
  if (seen.errors > seen.requests * bearable(workload))
    throw new Error(`${seen.errors} errors beside ${seen.requests} answers`)
  return {
    requestsPerSecond: (seen.requests * 1e6) / seen.duration,
    cpuPerRequest: server / seen.requests,
    machinePerRequest: machine / seen.requests,
    p50: seen.p50,
    p99: seen.p99,
    p999: seen.p999,
    resident: usage(pid).resident,
    errors: seen.errors,
  }
}

/**
 * Errors per response up to which a round is valid: a failure costs less than a response. wrk also counts as an error
 * a connection that is closed as requested but without `Connection: close` in the response.
 */
function bearable({ requestsPerConnection }: Workload): number {
  return 0.01 + (requestsPerConnection === undefined ? 0 : 1.1 / requestsPerConnection)
}

function generatorOf(
  { streams, messages }: Workload,
  wanted: Bench['generator'],
): (workload: Workload, port: number, at: LoadOptions) => Promise<Load> {
  if (streams !== undefined) return h2load
  return wanted === 'own' || messages ? own : wrk
}
