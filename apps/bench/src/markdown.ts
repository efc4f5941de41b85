import type { Record } from './page.ts'
import { workloads } from './workloads.ts'

const start = '<!-- benchmarks: written by a script, see apps/bench -->'
const end = '<!-- /benchmarks -->'

/** A table of processor time for each request, a row a workload, a column a server: ours, and then the others in their order. */
export function markdown({ results, machine, versions, date, options }: Record): string {
  const servers = [...new Set(results.map(({ server }) => server))]
  const columns = ['spillway', ...servers.filter((name) => name !== 'spillway')]
  const names = [...new Set(results.map(({ workload }) => workload))]
  const rows = names.map((name) => {
    const title = workloads.find((one) => one.name === name)?.title ?? name
    return [title, ...columns.map((server) => cell(results, name, server))]
  })
  const told = columns.map((name) => `${name} ${versions[name] ?? ''}`.trim())
  const lines = [['CPU µs per request', ...columns], ['---', ...columns.map(() => '--:')], ...rows]
  return `${lines.map((line) => `| ${line.join(' | ')} |`).join('\n')}

${machine.processor}, ${machine.cores} cores, Node.js ${machine.node}, ${date.slice(0, 10)}: medians of ${options.rounds} rounds of
${options.seconds} s, one core for the server, in one run. ${told.join(', ')}.`
}

function cell(results: Record['results'], workload: string, server: string): string {
  const found = results.find((one) => one.workload === workload && one.server === server)
  if (!found) return '–'
  const value = found.median.cpuPerRequest
  const shown = value.toFixed(value < 100 ? 1 : 0)
  return server === 'spillway' ? `**${shown}**` : shown
}

/** Puts a table between the marks in a document. @throws Error when there are none. */
export function replaceTable(document: string, table: string): string {
  const [from, to] = [document.indexOf(start), document.indexOf(end)]
  if (from < 0 || to < from) throw new Error('there is no place for a table')
  return `${document.slice(0, from)}${start}\n\n${table}\n\n${document.slice(to)}`
}
