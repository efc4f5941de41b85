// Load over HTTP/1.1, by wrk.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './processes.ts'
import { type Load, type LoadOptions, parseReport } from './load.ts'
import { type Workload, wireFormat } from './workloads.ts'

/**
 * A request answered with an error does not count as served. wrk's own text rounds its numbers; its script can print them
 * exactly. A percentile of 0 is one that wrk could not find: the samples it adds for requests that had to wait behind
 * others may lie below the minimum it has seen.
 */
const report = `
done = function(summary, latency)
  local e = summary.errors
  local function at(percent)
    local value = latency:percentile(percent)
    return value > 0 and value or latency.max
  end
  print(string.format('BENCH {"requests":%d,"duration":%d,"p50":%d,"p99":%d,"p999":%d,"errors":%d}',
    summary.requests - e.status, summary.duration, at(50), at(99), at(99.9),
    e.connect + e.read + e.write + e.status + e.timeout))
end
`

/** The Lua script that makes wrk send a workload. */
export function wrkScript(workload: Workload): string {
  const { requests, pipelined = 1, requestsPerConnection } = workload
  const wire = requests.map((request) => lua(wireFormat(request).repeat(pipelined)))
  // A single request is built once and sent again and again, without calling Lua.
  if (wire.length === 1 && requestsPerConnection === undefined)
    return `local text = ${wire[0]}\ninit = function() wrk.format = function() return text end end\n${report}`
  const closing = requests.map((request) => lua(wireFormat(request, true)))
  // At random, because one counter for all connections can fall into step with them, and some would never be closed.
  const last = `math.random(${requestsPerConnection}) == 1`
  const choice = requestsPerConnection === undefined ? 'keep[n]' : `${last} and last[n] or keep[n]`
  return `local keep = { ${wire.join(',\n')} }
local last = { ${requestsPerConnection === undefined ? '' : closing.join(',\n')} }
local n = 0
request = function()
  n = n % #keep + 1
  return ${choice}
end
${report}`
}

/** Loads a server for some seconds. @throws Error when wrk failed. */
export async function wrk(workload: Workload, port: number, at: LoadOptions): Promise<Load> {
  const file = join(at.folder, `${workload.name}.lua`)
  writeFileSync(file, wrkScript(workload), 'latin1')
  const seconds = Math.max(1, Math.ceil(at.seconds))
  const command = [...at.prefix, 'wrk', '-t1', `-c${workload.connections}`, `-d${seconds}s`, '-s', file]
  const scheme = workload.tls ? 'https' : 'http'
  const output = await run([...command, `${scheme}://127.0.0.1:${port}/`], (seconds + 30) * 1000)
  return parseReport(output)
}

function lua(text: string): string {
  const escaped = text.replace(/[\\"]/g, '\\$&').replaceAll('\r', '\\r').replaceAll('\n', '\\n')
  return `"${escaped}"`
}
