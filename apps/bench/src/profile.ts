import { readFileSync } from 'node:fs'

/** The parts of a V8 CPU profile that are read here. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

/** Time in one function itself, without those it called. */
export interface SelfTime {
  readonly name: string
  readonly where: string
  /** Of the time that was not idle. */
  readonly percent: number
}

/** The functions that took most, from a file of `--cpu-prof`. */
export function hottest(file: string, count: number): SelfTime[] {
  return selfTimes(JSON.parse(readFileSync(file, 'utf8')) as CpuProfile).slice(0, count)
}

export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): SelfTime[] {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const spent = new Map<string, { name: string; where: string; time: number }>()
  let total = 0
  for (const [i, id] of samples.entries()) {
    const frame = frames.get(id)
    const time = timeDeltas[i] ?? 0
    if (!frame || frame.functionName === '(idle)') continue
    total += time
    const name = frame.functionName || '(anonymous)'
    const where = place(frame)
    const entry = spent.get(`${name} ${where}`)
    if (entry) entry.time += time
    else spent.set(`${name} ${where}`, { name, where, time })
  }
  return [...spent.values()]
    .toSorted((a, b) => b.time - a.time)
    .map(({ name, where, time }) => ({ name, where, percent: (time / total) * 100 }))
}

/** `core:123` for a line of a built package, else the name of the module. */
function place({ url, lineNumber }: CallFrame): string {
  if (url === '') return ''
  const own = /packages\/(\w+)\/dist\//.exec(url)?.[1]
  return `${own ?? url.slice(url.lastIndexOf('/') + 1)}:${lineNumber + 1}`
}

/** Lines of a table. */
export function profileTable(times: readonly SelfTime[]): string {
  return times
    .map(({ name, where, percent }) => `  ${percent.toFixed(1).padStart(5)} %  ${name.padEnd(34)} ${where}\n`)
    .join('')
}
