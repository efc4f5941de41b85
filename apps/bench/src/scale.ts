// Ten thousand of everything: the memory a server uses for many clients that do little, and how soon it answers others meanwhile.
//   node apps/bench/dist/scale.js [all, or kinds] [count, or full] [servers]        such as: idle,events 10000 spillway,node-http
// The clients run in separate processes, each with its own source address, so that there are enough ports.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { askedOf, readNumber } from '@spillway/command-line'
import { chosenNames } from './arguments.ts'
import { freePort } from '@spillway/vitest-config/free-port'
import { furnish, makeCertificate } from './bench.ts'
import { Histogram } from './histogram.ts'
import { usage } from './proc.ts'
import { type RunningServer, findProgram, killAll, startServer } from './processes.ts'
import { type Probe, openProbe } from './scale-probe.ts'
import { type Contender, type Places, commandOf, contenders } from './servers.ts'
import { duration } from './table.ts'

/** Instructions for a process of `scale-clients.ts`. */
export interface ScaleOrders {
  readonly kind: string
  readonly port: number
  readonly from: string
  readonly count: number
}

interface Kind {
  readonly title: string
  /** The number of clients: by default, and in the run by which the project is measured (`full`). */
  readonly count: number
  readonly full: number
  readonly servers: readonly string[]
  readonly tls?: true
  /** Target of the single requests sent meanwhile. Default: `/plaintext`. */
  readonly probe?: (i: number) => string
}

const kinds: Readonly<Record<string, Kind>> = {
  idle: {
    title: 'idle connections',
    count: 2000,
    full: 50_000,
    servers: ['spillway', 'node-http', 'bun', 'nginx'],
  },
  websocket: {
    title: 'WebSockets of a topic, a message a second to all',
    count: 1000,
    full: 10_000,
    servers: ['spillway', 'ws', 'bun'],
  },
  events: {
    title: 'readers of events, one a second to all',
    count: 1000,
    full: 10_000,
    servers: ['spillway', 'node-http', 'bun'],
  },
  slow: {
    title: 'slow readers of a file of 1 MiB',
    count: 500,
    full: 5000,
    servers: ['spillway', 'node-http', 'bun', 'nginx'],
  },
  streams: {
    title: 'connections of HTTP/2 with 100 streams each',
    count: 50,
    full: 1000,
    servers: ['spillway', 'node-http2'],
    tls: true,
  },
  routes: {
    title: 'routes',
    count: 10_000,
    full: 100_000,
    servers: ['spillway', 'fastify'],
    probe: (i) => `/routes/${i}/of/somebody`,
  },
}

const measured = [...new Set(Object.values(kinds).flatMap(({ servers }) => servers))]

/** File descriptors that a server needs besides those of its clients. */
const spare = 200
const probes = 2000
/** Milliseconds a server has to start: registering so many routes takes time. */
const startTime = 120_000
/** Milliseconds within which all clients have to be connected. */
const openTime = 120_000
/** Connections per process: below the usual limits of descriptors, and of ports for one address. */
const perProcess = 15_000

const about = `[kinds] [count] [servers]: all kinds, or some such as idle,events; count may be full

${Object.entries(kinds)
  .map(([name, { title, count, full }]) => `  ${name.padEnd(10)} ${title}: ${count}, full: ${full}`)
  .join('\n')}`
const asked = askedOf('scale', { usage: about, most: 3 }, ([some = 'all', count, servers]) => {
  const whole = count === undefined || count === 'full' ? undefined : readNumber('count', count, { from: 1 })
  return {
    names: some === 'all' ? Object.keys(kinds) : chosenNames('kind', some, Object.keys(kinds)),
    countOf: (kind: Kind): number => (count === 'full' ? kind.full : (whole ?? kind.count)),
    servers: servers === undefined ? undefined : chosenNames('server', servers, measured),
  }
})
const folder = mkdtempSync(join(tmpdir(), 'spillway-scale-'))
chmodSync(folder, 0o755)
process.on('exit', () => {
  killAll()
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
const places: Places = {
  servers: fileURLToPath(new URL('servers/', import.meta.url)),
  folder,
  directory: join(folder, 'static'),
}
furnish(places)
makeCertificate(places)

for (const name of asked.names) {
  const kind = kinds[name]!
  const count = Math.min(asked.countOf(kind), most(name))
  console.log(`\n${count.toLocaleString('en-US')} ${kind.title}\n  ${columns('', 'KB each', 'RSS', 'p50', 'p99')}`)
  for (const server of contenders.filter((one) => kind.servers.includes(one.name))) {
    if (asked.servers && !asked.servers.includes(server.name)) continue
    if (server.program && findProgram(server.program.name) === undefined) continue
    try {
      console.log(`  ${await scale(name, kind, count, server)}`)
    } catch (error) {
      console.log(`  ${server.name}: ${(error as Error).message}`)
      process.exitCode = 1
    }
  }
}
process.exit()

/** As many as this system allows in one process, if each takes a descriptor. */
function most(kind: string): number {
  const [, limit] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return kind === 'routes' || limit === undefined ? Infinity : Number(limit) - spare
}

function columns(server: string, ...rest: readonly string[]): string {
  return server.padEnd(12) + rest.map((text) => text.padStart(12)).join('')
}

/** One server with all its clients. */
async function scale(name: string, kind: Kind, count: number, contender: Contender): Promise<string> {
  const port = await freePort()
  const command = await commandOf(contender, { places, port, tls: kind.tls ? 'h2' : 'none', idle: count }, [])
  const environment = {
    NODE_ENV: 'production',
    BENCH_PORT: String(port),
    BENCH_STATIC: places.directory,
    BENCH_PATIENT: '1',
    ...(kind.tls && { BENCH_TLS: folder }),
    ...(name === 'routes' && { BENCH_ROUTES: String(count) }),
  }
  const server = await startServer(command, port, environment, startTime)
  const clients: ChildProcess[] = []
  let probe: Probe | undefined
  try {
    probe = await openProbe(port, kind.tls ?? false)
    // Afterwards, everything that is created only once exists, and memory can be measured.
    await latencies(probe, kind, count)
    const before = name === 'routes' ? 0 : usage(server.pid).resident
    if (name !== 'routes') await openAll(name, port, count, clients)
    const seen = await latencies(probe, kind, count)
    if (clients.some(({ exitCode }) => exitCode !== null)) throw new Error('it closed connections')
    return line(contender.name, server, before, count, seen)
  } finally {
    probe?.close()
    for (const client of clients) client.kill('SIGKILL')
    await server.stop()
  }
}

function line(name: string, { pid }: RunningServer, before: number, count: number, seen: Histogram): string {
  const { resident } = usage(pid)
  const each = (resident - before) / 1024 / count
  const memory = `${Math.round(resident / 2 ** 20)} MB`
  return columns(name, each.toFixed(1), memory, duration(seen.at(0.5)), duration(seen.at(0.99)))
}

async function openAll(kind: string, port: number, count: number, clients: ChildProcess[]): Promise<void> {
  const program = fileURLToPath(new URL('scale-clients.js', import.meta.url))
  const ready: Promise<unknown>[] = []
  for (let left = count; left > 0; left -= perProcess) {
    const from = `127.0.0.${clients.length + 2}`
    const orders: ScaleOrders = { kind, port, from, count: Math.min(left, perProcess) }
    const client = fork(program, [JSON.stringify(orders)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    clients.push(client)
    const failed = once(client, 'exit').then(() => Promise.reject(new Error('its clients found no place')))
    failed.catch(() => {})
    ready.push(Promise.race([once(client, 'message'), failed]))
  }
  const late = sleep(openTime, undefined, { ref: false }).then(() =>
    Promise.reject(new Error(`its clients are not all there after ${openTime / 1000} s`)),
  )
  await Promise.race([Promise.all(ready), late])
}

/** Times of single requests, one after another, on a connection of their own. */
async function latencies(
  probe: Probe,
  { probe: target = () => '/plaintext' }: Kind,
  count: number,
): Promise<Histogram> {
  const seen = new Histogram()
  for (let i = 0; i < probes; i++) {
    const started = performance.now()
    await probe.ask(target((i * 7919) % count))
    seen.add((performance.now() - started) * 1000)
  }
  return seen
}
