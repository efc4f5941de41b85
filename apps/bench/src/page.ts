// The results of a run as a page with charts.
import type { Ratios, Result } from './results.ts'
import { duration, percent } from './table.ts'
import { workloads } from './workloads.ts'

/** Everything that a run has found, as `--json` writes it. */
export interface Record {
  readonly date: string
  readonly machine: { readonly processor: string; readonly cores: number; readonly node: string }
  readonly versions: Readonly<{ [server: string]: string }>
  readonly options: {
    readonly rounds: number
    readonly seconds: number
    readonly base: string
    readonly load: 'wrk' | 'own'
    readonly pinned: boolean
  }
  readonly results: readonly (Result & { readonly ratios: Ratios | undefined })[]
}

const style = `
:root { color-scheme: light dark; --ink: #1d2330; --dim: #667085; --line: #e4e7ec; --ground: #fff; --bar: #b9c3d6; --ours: #2f6fde }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7eaf0; --dim: #98a2b3; --line: #2a3140; --ground: #12161f; --bar: #465066; --ours: #5b93f5 }
}
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.75rem; margin: 0 }
h2 { font-size: 1.125rem; margin: 2.5rem 0 .25rem }
p { color: var(--dim); margin: .25rem 0 }
table { border-collapse: collapse; width: 100%; margin-top: .75rem; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .5rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th { font-weight: 500; color: var(--dim); font-size: .875rem }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
td.bar { width: 45%; text-align: left }
td.bar div { background: var(--bar); border-radius: 3px; height: .9rem; min-width: 2px }
tr.ours td:first-child { font-weight: 600 }
tr.ours td.bar div { background: var(--ours) }
@media (max-width: 40rem) { .wide { display: none } td.bar { width: 30% } }
`

/** A page with a chart of processor time for each workload; it needs nothing but itself. */
export function page(record: Record): string {
  const { date, machine, options, versions } = record
  const told = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const names = [...new Set(record.results.map(({ workload }) => workload))]
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Spillway: benchmarks</title>
<style>${style}</style>
<h1>Benchmarks</h1>
<p>${text(machine.processor)}, ${machine.cores} cores, Node.js ${text(machine.node)}, ${text(date.slice(0, 10))}. Medians of
${options.rounds} rounds of ${options.seconds} s, servers taking turns, load by ${options.load === 'wrk' ? 'wrk' : 'the bench’s own generator'}.</p>
<p>${text(told.join(' · '))}</p>
${names.map((name) => section(name, record)).join('\n')}
</html>
`
}

function section(name: string, { results, options }: Record): string {
  const workload = workloads.find((one) => one.name === name)
  const rows = results
    .filter((one) => one.workload === name)
    .toSorted((a, b) => a.median.cpuPerRequest - b.median.cpuPerRequest)
  const longest = Math.max(...rows.map(({ median }) => median.cpuPerRequest))
  return `<section>
<h2>${text(workload?.title ?? name)}</h2>
<p>${workload?.connections ?? '?'} connections. Processor time of the server for each request; shorter is better. ± is half of the
range of the rounds. The machine’s time is that of server, clients and whoever the server asks together.</p>
<table>
<tr><th scope="col">server<th scope="col"><span hidden>chart</span><th scope="col">CPU µs<th scope="col">× ${text(options.base)}<th scope="col">±<th scope="col">machine µs
<th scope="col" class="wide">req/s<th scope="col" class="wide">p50<th scope="col" class="wide">p99<th scope="col" class="wide">RSS</tr>
${rows.map((one) => row(one, longest)).join('\n')}
</table>
</section>`
}

function row({ server, median, ratios, spread }: Record['results'][number], longest: number): string {
  const { cpuPerRequest, machinePerRequest, requestsPerSecond, p50, p99, resident } = median
  const width = ((cpuPerRequest / longest) * 100).toFixed(1)
  const cells = [duration(p50), duration(p99), `${Math.round(resident / 2 ** 20)} MB`]
  return `<tr${server === 'spillway' ? ' class="ours"' : ''}><td>${text(server)}<td class="bar"><div style="width:${width}%"></div>
<td>${short(cpuPerRequest)}<td>${ratios ? ratios.cpuPerRequest.toFixed(2) : ''}<td>${percent(spread)}<td>${short(machinePerRequest)}
<td class="wide">${Math.round(requestsPerSecond).toLocaleString('en-US')}${cells.map((cell) => `<td class="wide">${cell}`).join('')}</tr>`
}

function short(us: number): string {
  return us.toFixed(us < 100 ? 1 : 0)
}

function text(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
