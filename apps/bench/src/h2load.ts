// Load over HTTP/2, by h2load.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Load, LoadOptions } from './load.ts'
import { run } from './processes.ts'
import type { Workload } from './workloads.ts'

/** Seconds that it may take beyond those it was given. */
const patience = 10

/** Loads a server over HTTP/2 for some seconds, by nghttp2's h2load. @throws Error when that failed. */
export async function h2load(workload: Workload, port: number, at: LoadOptions): Promise<Load> {
  const { requests, connections, streams = 1, name } = workload
  const file = join(at.folder, `${name}.txt`)
  writeFileSync(file, requests.map(({ target }) => `https://127.0.0.1:${port}${target}\n`).join(''))
  // All requests of a workload have the same fields; those of a connection are for HTTP/1.1 (RFC 9113 §8.2.2).
  const fields = (requests[0]?.fields ?? []).filter(([field]) => field !== 'Host' && field !== 'Connection')
  const headers = fields.map(([field, value]) => `--header=${field.toLowerCase()}: ${value}`)
  const seconds = Math.max(1, Math.ceil(at.seconds))
  const size = ['-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`]
  const command = [...at.prefix, 'h2load', ...size, ...headers, `--input-file=${file}`]
  const once = (): Promise<string> => run(command, (seconds + patience) * 1000)
  // Once in a while it stops all its clients and stays, saying nothing.
  return parseH2load(await once().catch(once))
}

/** It says how long requests took on average, and not how that was distributed. */
export function parseH2load(output: string): Load {
  const [, time, unit] = /finished in ([\d.]+)(s|ms|us),/.exec(output) ?? []
  const counts = /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(output)?.slice(1).map(Number)
  if (time === undefined || !counts) throw new Error(`h2load gave no report:\n${output}`)
  const [requests = 0, ...failures] = counts
  return {
    requests,
    duration: Math.round(Number(time) * { s: 1e6, ms: 1e3, us: 1 }[unit as 's' | 'ms' | 'us']),
    p50: NaN,
    p99: NaN,
    p999: NaN,
    errors: failures.reduce((sum, count) => sum + count, 0),
  }
}
