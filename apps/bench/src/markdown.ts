// The bench's tables in Markdown documents.
import type { Record } from './page.ts'
import { type Workload, protocolOf, workloads } from './workloads.ts'

type Protocol = ReturnType<typeof protocolOf>

/**
 * Tables of processor time, one for each protocol: a row a workload, a column a server: ours, and then the others in their
 * order.
 */
export function markdown(record: Record): Map<Protocol, string> {
  const found = new Map<Protocol, string>()
  for (const protocol of ['HTTP/1.1', 'HTTP/2', 'WebSocket'] as const) {
    const rows = workloads.filter((one) => protocolOf(one) === protocol)
    const results = record.results.filter(({ workload }) => rows.some(({ name }) => name === workload))
    if (results.length > 0) found.set(protocol, tableOf(protocol, rows, { ...record, results }))
  }
  return found
}

function tableOf(
  protocol: Protocol,
  rows: readonly Workload[],
  { results, machine, versions, date, options }: Record,
): string {
  const servers = [...new Set(results.map(({ server }) => server))]
  const columns = ['spillway', ...servers.filter((name) => name !== 'spillway')]
  const measured = rows.filter(({ name }) => results.some(({ workload }) => workload === name))
  const cells = measured.map(({ name, title }) => [title, ...columns.map((server) => cell(results, name, server))])
  const told = columns.map((name) => `${name} ${versions[name] ?? ''}`.trim())
  const unit = protocol === 'WebSocket' ? 'CPU µs per message' : 'CPU µs per request'
  const lines = [[`${protocol}: ${unit}`, ...columns], ['---', ...columns.map(() => '--:')], ...cells]
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

/** Puts tables between their marks in a document; others stay as they are. @throws Error when there are none. */
export function replaceTables(document: string, tables: ReadonlyMap<Protocol, string>): string {
  let text = document
  for (const [protocol, table] of tables) {
    const start = `<!-- benchmarks of ${protocol}: written by a script, see apps/bench -->`
    const end = `<!-- /benchmarks of ${protocol} -->`
    const [from, to] = [text.indexOf(start), text.indexOf(end)]
    if (from < 0 || to < from) throw new Error(`there is no place for a table of ${protocol}`)
    text = `${text.slice(0, from)}${start}\n\n${table}\n\n${text.slice(to)}`
  }
  return text
}
