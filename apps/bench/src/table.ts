// The table of one workload.
import { type Ratios, type Result, ratios } from './results.ts'

const headings = ['', 'req/s', '×', 'CPU µs/req', '×', '±', 'machine µs', '×', 'p50', 'p99', 'RSS', 'errors'] as const

/** The table of one workload. */
export function table(title: string, results: readonly Result[], baseName: string): string {
  const base = results.find(({ server }) => server === baseName)
  const rows = results.map((result) => cells(result, ratios(result, base)))
  const lines = [headings, ...rows]
  const widths = headings.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  const text = lines.map((line) =>
    line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
  )
  const [head, ...body] = text.map((line) => `  ${line.trimEnd()}\n`)
  return `${title}\n${head}${body.join('')}`
}

function cells({ server, median, spread }: Result, ratio: Ratios | undefined): string[] {
  return [
    server,
    Math.round(median.requestsPerSecond).toLocaleString('en-US'),
    times(ratio?.requestsPerSecond),
    digits(median.cpuPerRequest),
    times(ratio?.cpuPerRequest),
    percent(spread),
    digits(median.machinePerRequest),
    times(ratio?.machinePerRequest),
    duration(median.p50),
    duration(median.p99),
    `${Math.round(median.resident / 2 ** 20)} MB`,
    median.errors === 0 ? '–' : String(median.errors),
  ]
}

function times(ratio: number | undefined): string {
  return ratio === undefined || !Number.isFinite(ratio) ? '' : ratio.toFixed(2)
}

/** Half of the range, as a percentage. */
export function percent(spread: number): string {
  return Number.isFinite(spread) ? `${Math.round(spread * 50)} %` : '–'
}

/** Microseconds with at least three significant digits. */
function digits(value: number): string {
  return Number.isFinite(value) ? value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0) : '?'
}

/** A time given in microseconds, in the most readable unit; a dash for an unknown one. */
export function duration(us: number): string {
  if (!Number.isFinite(us)) return '–'
  if (us < 1000) return `${Math.round(us)} µs`
  if (us < 1e6) return `${digits(us / 1000)} ms`
  return `${digits(us / 1e6)} s`
}
