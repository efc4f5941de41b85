// Measures the memory and processor time of processes.
import { readFile } from 'node:fs/promises'

/** What a process and its descendants use. */
export interface Cost {
  readonly processes: number
  /** Memory: what they do not share, and their part of what they share. */
  readonly bytes: number
}

/** Asks the system; undefined except on Linux, as other systems do not tell. */
export async function weigh(pid: number): Promise<Cost | undefined> {
  try {
    const [memory, tasks] = await Promise.all([
      readFile(`/proc/${pid}/smaps_rollup`, 'utf8'),
      readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'),
    ])
    const kib = Number(/^Pss: +(\d+) kB$/m.exec(memory)?.[1])
    const children = await Promise.all(tasks.split(' ').filter(Boolean).map(Number).map(weigh))
    // A process that has ended meanwhile does not count.
    const all = children.filter((cost) => cost !== undefined)
    const sum = (of: (cost: Cost) => number): number => all.reduce((total, cost) => total + of(cost), 0)
    return { processes: 1 + sum((cost) => cost.processes), bytes: kib * 1024 + sum((cost) => cost.bytes) }
  } catch {
    return undefined
  }
}
