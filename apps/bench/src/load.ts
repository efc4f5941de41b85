// Load from the bench's own generator, and the results of any.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Spent } from './proc.ts'
import { run } from './processes.ts'
import { type Messages, type Workload, wireFormat } from './workloads.ts'

/** What a load generator saw in one run. Times are microseconds. */
export interface Load {
  /** Those that were answered, and not with a status of 400 and up. */
  readonly requests: number
  readonly duration: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** Failed connects, reads and writes, timeouts, and statuses of 400 and up. */
  readonly errors: number
  /** Processor time meanwhile, if the generator knows it better than who has started it. */
  readonly spent?: Spent
}

export interface LoadOptions {
  /** Whole seconds: wrk knows no parts of them. */
  readonly seconds: number
  /** For what the generator reads. */
  readonly folder: string
  /** What stands before the generator on the command line, to pin it. */
  readonly prefix: readonly string[]
  /** File of our own generator, built. */
  readonly program: string
  /** The server's process. */
  readonly pid: number
  /** Processes that the server asks. */
  readonly others: readonly number[]
}

/** What our own generator is told, in a file. */
export interface Orders {
  readonly port: number
  /** The server's process, whose time is taken as soon as all connections are there. */
  readonly pid: number
  readonly others: readonly number[]
  readonly tls: boolean
  readonly connections: number
  readonly seconds: number
  /** Bytes that are sent at once, in latin1, in turn; each is `pipelined` requests. */
  readonly batches: readonly string[]
  readonly methods: readonly string[]
  readonly pipelined: number
  /** Bytes of the last request on a connection, in the order of `batches`; empty when connections are kept. */
  readonly last: readonly string[]
  readonly requestsPerConnection: number
  /** Without them: requests. */
  readonly messages?: Messages | undefined
}

/** Loads a server for some seconds with the bench's own generator. @throws Error when that failed. */
export async function own(
  workload: Workload,
  port: number,
  { seconds, folder, prefix, program, pid, others }: LoadOptions,
): Promise<Load> {
  const { requests, connections, tls = false, pipelined = 1, requestsPerConnection = 0, messages } = workload
  const orders: Orders = {
    port,
    pid,
    others,
    tls,
    connections,
    seconds: Math.max(1, Math.ceil(seconds)),
    batches: requests.map((request) => wireFormat(request).repeat(pipelined)),
    methods: requests.map(({ method }) => method),
    pipelined,
    last: requestsPerConnection > 0 ? requests.map((request) => wireFormat(request, true)) : [],
    requestsPerConnection,
    messages,
  }
  const file = join(folder, `${workload.name}.json`)
  writeFileSync(file, JSON.stringify(orders))
  return parseReport(await run([...prefix, process.execPath, program, file], (seconds + 30) * 1000))
}

export function parseReport(output: string): Load {
  const line = /^BENCH (.+)$/m.exec(output)?.[1]
  if (line === undefined) throw new Error(`the load generator gave no report:\n${output}`)
  return JSON.parse(line) as Load
}
