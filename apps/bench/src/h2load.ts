// Load over HTTP/2, by h2load.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Load, LoadOptions } from './load.ts'
import { run } from './processes.ts'
import type { Workload } from './workloads.ts'

/** Seconds that it may take beyond the time given to it. */
const patience = 10

/** Loads a server over HTTP/2 for some seconds, by nghttp2's h2load. @throws Error when that failed. */
export async function h2load(workload: Workload, port: number, at: LoadOptions): Promise<Load> {
  const { requests, connections, streams = 1, name } = workload
  const file = join(at.folder, `${name}.txt`)
  writeFileSync(file, requests.map(({ target }) => `https://127.0.0.1:${port}${target}\n`).join(''))
  // All requests of a workload have the same fields; connection-specific ones are for HTTP/1.1 only (RFC 9113 §8.2.2).
  const fields = (requests[0]?.fields ?? []).filter(([field]) => field !== 'Host' && field !== 'Connection')
  const headers = fields.map(([field, value]) => `--header=${field.toLowerCase()}: ${value}`)
  const seconds = Math.max(1, Math.ceil(at.seconds))
  const size = ['-t1', `-c${connections}`, `-m${streams}`, `-D${seconds}`]
  const command = [...at.prefix, 'h2load', ...size, ...headers, `--input-file=${file}`]
  const once = (): Promise<string> => run(command, (seconds + patience) * 1000)
  // Occasionally it stops all its clients and then hangs without output: run it once more.
  return parseH2load(await once().catch(once))
}

/** Its output has the mean time of requests, but not their distribution. */
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
