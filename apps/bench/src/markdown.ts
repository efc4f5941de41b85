// The bench's tables in Markdown documents.
import { whyEmpty } from './absences.ts'
import { type Record, resultOf } from './page.ts'
import type { Plan } from './plans.ts'
import { type Workload, workloads } from './workloads.ts'

/** What a table shows: the processor time of the server, or of all processes that take part. */
type Cost = 'cpuPerRequest' | 'machinePerRequest'

/** Documents with tables, and which costs each shows. */
export const documents: readonly { readonly file: string; readonly costs: readonly Cost[] }[] = [
  { file: 'README.md', costs: ['cpuPerRequest'] },
  { file: 'apps/bench/README.md', costs: ['cpuPerRequest', 'machinePerRequest'] },
]

const titles: Readonly<{ [cost in Cost]: string }> = {
  cpuPerRequest: 'CPU µs of the server',
  machinePerRequest: 'CPU µs of the machine',
}

/** A table for each of the costs, how they were measured, and why cells are empty. */
export function markdown(plan: Plan, record: Record, costs: readonly Cost[]): string {
  const { machine, date, options, versions } = record
  const columns = plan.servers.filter((name) => name in versions)
  const missing = plan.servers.filter((name) => !(name in versions))
  const told = columns.map((name) => `${name} ${versions[name]}`)
  const how = `${machine.processor}, ${machine.cores} cores, Node.js ${machine.node}, ${date.slice(0, 10)}: medians of ${options.rounds} rounds of
${options.seconds} s, one core for the server, in one run. ${spreadOf(record)} ${told.join(', ')}.`
  const empty = emptyCells(plan, columns, record)
  const notes = [
    how,
    ...(empty.length === 0 ? [] : [`Empty: ${empty.join('; ')}.`]),
    ...(missing.length === 0 ? [] : [`Not installed: ${missing.join(', ')}.`]),
  ]
  return [...costs.map((cost) => tableOf(plan, columns, record, cost)), ...notes].join('\n\n')
}

function tableOf(
  { title, unit, workloads: names }: Plan,
  columns: readonly string[],
  record: Record,
  cost: Cost,
): string {
  const rows = rowsOf(names).map((workload) => [
    workload.title,
    ...columns.map((server) => cell(record, workload.name, server, cost)),
  ])
  const lines = [[`${title}: ${titles[cost]} a ${unit}`, ...columns], ['---', ...columns.map(() => '--:')], ...rows]
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n')
}

function rowsOf(names: readonly string[]): Workload[] {
  return workloads.filter(({ name }) => names.includes(name))
}

function cell(record: Record, workload: string, server: string, cost: Cost): string {
  const found = resultOf(record, workload, server)
  if (!found) return '–'
  const value = found.median[cost]
  const shown = value.toFixed(value < 100 ? 1 : 0)
  return server === 'spillway' ? `**${shown}**` : shown
}

/** The spread of the rounds: in the median cell and in the worst one. */
function spreadOf({ results }: Record): string {
  // JSON has null for NaN.
  const spreads = results
    .flatMap(({ spread }) => (Number.isFinite(spread) ? [spread * 50] : []))
    .toSorted((a, b) => a - b)
  if (spreads.length === 0) return 'One round cannot tell how far rounds differ.'
  const [middle = 0, most = 0] = [spreads[Math.floor(spreads.length / 2)], spreads.at(-1)]
  return `Rounds differ by ±${middle.toFixed(0)} % in half of the cells or less, ±${most.toFixed(0)} % at the most.`
}

/** Why cells are empty: for each reason the servers, and their rows if these are few. */
function emptyCells({ workloads: names }: Plan, columns: readonly string[], record: Record): string[] {
  const servers = new Map<string, string[]>()
  for (const server of columns) {
    const rows = new Map<string, string[]>()
    for (const workload of rowsOf(names)) {
      if (resultOf(record, workload.name, server)) continue
      const because = whyEmpty(workload, server, record)
      rows.set(because, [...(rows.get(because) ?? []), `“${workload.title}”`])
    }
    for (const [because, titled] of rows) {
      const line = `${titled.length > 2 ? '' : ` in ${titled.join(' and ')}`}: ${because}`
      servers.set(line, [...(servers.get(line) ?? []), server])
    }
  }
  return [...servers].map(([line, named]) => named.join(', ') + line)
}

/** Puts a table between its marks in a document, if it has them. @throws Error when it has only one of them. */
export function replaceTable(document: string, name: string, table: string): string {
  const start = `<!-- bench ${name}: written by a script, see apps/bench -->`
  const end = `<!-- /bench ${name} -->`
  const [from, to] = [document.indexOf(start), document.indexOf(end)]
  if (from < 0 && to < 0) return document
  if (from < 0 || to < from) throw new Error(`only one of the two marks of the table ${name} is there`)
  return `${document.slice(0, from)}${start}\n\n${table}\n\n${document.slice(to)}`
}
