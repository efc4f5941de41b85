// The results of a run as a page with charts.
import type { Failure } from './bench.ts'
import type { Ratios, Result } from './results.ts'
import { duration, percent } from './table.ts'
import { whyEmpty } from './absences.ts'
import { type Workload, workloads } from './workloads.ts'

/** All results of a run, as `--json` writes them. */
export interface Record {
  /** What was measured, when the page shows several runs. */
  readonly title?: string
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
  readonly failures: readonly Failure[]
  readonly results: readonly (Result & { readonly ratios: Ratios | undefined })[]
}

const style = `
:root { color-scheme: light dark; --ink: #1d2330; --dim: #5d6778; --line: #e4e7ec; --ground: #fff; --bar: #b9c3d6; --ours: #2f6fde;
  --rest: #e4e8f0; --ours-rest: #c9dbfa }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7eaf0; --dim: #9aa5b5; --line: #2a3140; --ground: #12161f; --bar: #4f5a73; --ours: #5b93f5; --rest: #262d3b;
    --ours-rest: #24406f }
}
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.75rem; margin: 0 }
h2 { font-size: 1.375rem; margin: 3rem 0 0 }
h3 { font-size: 1.0625rem; margin: 2rem 0 .25rem }
h3 small { white-space: nowrap; font-weight: 400; font-size: .875rem; color: var(--dim); margin-left: .5rem }
p { color: var(--dim); margin: .25rem 0; font-size: .9375rem }
.bar, .key { --own: var(--bar); --whole: var(--rest) }
.ours .bar { --own: var(--ours); --whole: var(--ours-rest) }
.key i { display: inline-block; width: .9em; height: .9em; border-radius: 2px; vertical-align: -.08em; margin: 0 .3em 0 .6em }
table { border-collapse: collapse; width: 100%; margin-top: .5rem; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .5rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
th { font-weight: 500; color: var(--dim); font-size: .875rem }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
th:last-child, td:last-child { padding-right: 0 }
td.bar { width: 40%; text-align: left }
.bar span { display: block; background: var(--whole); border-radius: 3px; height: .9rem; min-width: 2px }
.bar span span { background: var(--own) }
.ours td:first-child { font-weight: 600 }
@media (max-width: 48rem) { .wide { display: none } td.bar { width: 30% } }
@media (max-width: 30rem) { body { padding: 1.25rem .75rem 3rem } .mid { display: none } th, td { padding: .3rem .25rem } }
`

/** A self-contained page with a chart of processor time for each workload of some runs. */
export function page(records: readonly Record[]): string {
  const [first] = records
  if (!first) throw new TypeError('a page is of one run or more')
  const { date, machine, options } = first
  const versions = Object.entries(Object.assign({}, ...records.map((one) => one.versions)) as Record['versions'])
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Spillway: benchmarks</title>
<style>${style}</style>
<h1>Benchmarks</h1>
<p>${text(machine.processor)}, ${machine.cores} cores, Node.js ${text(machine.node)}, ${text(date.slice(0, 10))}. Medians of
${options.rounds} round${options.rounds === 1 ? '' : 's'} of ${options.seconds} s, servers taking turns, load by ${options.load === 'wrk' ? 'wrk' : 'the bench’s own generator'}.</p>
<p>${text(versions.map(([name, version]) => `${name} ${version}`).join(' · '))}</p>
<p class="key">Processor time for each request, shorter is better:<i style="background:var(--own)"></i>of the server<i style="background:var(--whole)"></i>and
of everything that takes part: also the clients, and whatever the server asks. ± is half of the range of the rounds.</p>
${records.map(chapter).join('\n')}
</html>
`
}

function chapter(record: Record): string {
  const names = [...new Set(record.results.map(({ workload }) => workload))]
  const sections = names.map((name) => section(name, record)).join('\n')
  return record.title === undefined ? sections : `<h2>${text(record.title)}</h2>\n${sections}`
}

/** Columns that a table has only if they are not empty. */
interface Shown {
  readonly base: boolean
  readonly latencies: boolean
}

function section(name: string, record: Record): string {
  const workload = workloads.find((one) => one.name === name)
  const rows = record.results
    .filter((one) => one.workload === name)
    .toSorted((a, b) => a.median.cpuPerRequest - b.median.cpuPerRequest)
  const shows: Shown = {
    base: rows.some(({ ratios }) => ratios !== undefined),
    latencies: rows.some(({ median }) => Number.isFinite(median.p50)),
  }
  const base = shows.base ? `<th scope="col" class="mid">× ${text(record.options.base)}` : ''
  const latencies = shows.latencies ? '<th scope="col" class="wide">p50<th scope="col" class="wide">p99' : ''
  const longest = Math.max(...rows.map(({ median }) => median.machinePerRequest))
  return `<section>
<h3>${text(workload?.title ?? name)}<small>${workload?.connections ?? '?'} connections</small></h3>
<table>
<tr><th scope="col">server<th scope="col"><span hidden>chart</span><th scope="col">CPU µs${base}<th scope="col">±<th scope="col">machine
<th scope="col" class="wide">req/s${latencies}<th scope="col" class="wide">RSS</tr>
${rows.map((one) => row(one, longest, shows)).join('\n')}
</table>
${workload ? absent(workload, record) : ''}
</section>`
}

/** What was measured for a server in a workload, if anything was. */
export function resultOf({ results }: Record, workload: string, server: string): Record['results'][number] | undefined {
  return results.find((one) => one.workload === workload && one.server === server)
}

/** Which of the measured servers are missing from a workload, and why. */
function absent(workload: Workload, record: Record): string {
  const servers = Object.keys(record.versions).filter((server) => !resultOf(record, workload.name, server))
  const reasons = servers.map((server) => `${server}: ${whyEmpty(workload, server, record)}`)
  return reasons.length === 0 ? '' : `<p>Without ${text(reasons.join('; '))}.</p>`
}

function row({ server, median, ratios, spread }: Record['results'][number], longest: number, shows: Shown): string {
  const { cpuPerRequest, machinePerRequest, requestsPerSecond, p50, p99, resident } = median
  const [own, all] = [percentOf(cpuPerRequest, machinePerRequest), percentOf(machinePerRequest, longest)]
  const cells = [...(shows.latencies ? [duration(p50), duration(p99)] : []), `${Math.round(resident / 2 ** 20)} MB`]
  const ratio = shows.base ? `<td class="mid">${ratios ? ratios.cpuPerRequest.toFixed(2) : ''}` : ''
  return `<tr${server === 'spillway' ? ' class="ours"' : ''}><td>${text(server)}<td class="bar"><span style="width:${all}%"><span style="width:${own}%"></span></span>
<td>${short(cpuPerRequest)}${ratio}<td>${percent(spread)}<td>${short(machinePerRequest)}
<td class="wide">${Math.round(requestsPerSecond).toLocaleString('en-US')}${cells.map((cell) => `<td class="wide">${cell}`).join('')}</tr>`
}

function percentOf(part: number, whole: number): string {
  return ((part / whole) * 100).toFixed(1)
}

function short(us: number): string {
  return us.toFixed(us < 100 ? 1 : 0)
}

function text(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
