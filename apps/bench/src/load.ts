// Load from the bench's own generator, and the result format of all generators.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Spent } from './proc.ts'
import { run } from './processes.ts'
import { type Messages, type Workload, wireFormat } from './workloads.ts'

/** What a load generator saw in one run. Times are microseconds. */
export interface Load {
  /** Requests answered with a status below 400. */
  readonly requests: number
  readonly duration: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** Failed connects, reads and writes, timeouts, and statuses of 400 and up. */
  readonly errors: number
  /** Processor time meanwhile, if the generator measures it more precisely than its parent can. */
  readonly spent?: Spent
}

export interface LoadOptions {
  /** Whole seconds: wrk does not accept fractions. */
  readonly seconds: number
  /** Folder for files that the generator reads. */
  readonly folder: string
  /** Command that precedes the generator on the command line, to pin it to a core. */
  readonly prefix: readonly string[]
  /** The built file of our own generator. */
  readonly program: string
  /** The server's process. */
  readonly pid: number
  /** Processes of upstream servers. */
  readonly others: readonly number[]
}

/** Instructions for our own generator, in a file. */
export interface Orders {
  readonly port: number
  /** The server's process; its processor time is measured from when all connections are open. */
  readonly pid: number
  readonly others: readonly number[]
  readonly tls: boolean
  readonly connections: number
  readonly seconds: number
  /** Bytes sent at once, in latin1, in turn; each batch is `pipelined` requests. */
  readonly batches: readonly string[]
  readonly methods: readonly string[]
  readonly pipelined: number
  /** Bytes of the last request on a connection, in the order of `batches`; empty when connections persist. */
  readonly last: readonly string[]
  readonly requestsPerConnection: number
  /** Default: requests are sent instead. */
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
