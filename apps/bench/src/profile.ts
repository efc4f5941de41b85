// Reads CPU profiles.
import { readFileSync } from 'node:fs'

/** The parts of a V8 CPU profile that are read here. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[]
  readonly samples: readonly number[]
}

interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

/** Time in one function itself, without the functions it called. */
export interface SelfTime {
  readonly name: string
  readonly where: string
  /** Share of the time that was not idle. */
  readonly percent: number
}

/** All functions in a profile file, those with the most time first. */
export function readProfile(file: string): SelfTime[] {
  return selfTimes(JSON.parse(readFileSync(file, 'utf8')) as CpuProfile)
}

/** Counts samples rather than the time between them, in which other processes may have had the processor. */
export function selfTimes({ nodes, samples }: CpuProfile): SelfTime[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const spent = new Map<string, { name: string; where: string; count: number }>()
  let total = 0
  for (const id of samples) {
    const frame = frames.get(id)
    if (!frame || frame.functionName === '(idle)') continue
    total++
    const name = frame.functionName || '(anonymous)'
    const where = place(frame)
    const entry = spent.get(`${name} ${where}`)
    if (entry) entry.count++
    else spent.set(`${name} ${where}`, { name, where, count: 1 })
  }
  return [...spent.values()]
    .toSorted((a, b) => b.count - a.count)
    .map(({ name, where, count }) => ({ name, where, percent: (count / total) * 100 }))
}

/** `core:123` for a line of a built package, else the name of the module. */
function place({ url, lineNumber }: CallFrame): string {
  if (url === '') return ''
  const own = /packages\/(\w+)\/dist\//.exec(url)?.[1]
  return `${own ?? url.slice(url.lastIndexOf('/') + 1)}:${lineNumber + 1}`
}

/** The same time by package or module, as one line. */
export function parts(times: readonly SelfTime[]): string {
  const sums = new Map<string, number>()
  for (const { where, percent } of times) {
    const part = where === '' ? 'native' : where.slice(0, where.lastIndexOf(':'))
    sums.set(part, (sums.get(part) ?? 0) + percent)
  }
  const sorted = [...sums].toSorted(([, a], [, b]) => b - a).slice(0, 12)
  return sorted.map(([part, percent]) => `${part} ${percent.toFixed(1)} %`).join(', ')
}

/** Lines of a table. */
export function profileTable(times: readonly SelfTime[]): string {
  return times
    .map(({ name, where, percent }) => `  ${percent.toFixed(1).padStart(5)} %  ${name.padEnd(34)} ${where}\n`)
    .join('')
}
