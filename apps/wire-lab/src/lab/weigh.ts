// How much memory and time processes take.
import { readFile } from 'node:fs/promises'

/** What a process and those that it has started take. */
export interface Cost {
  readonly processes: number
  /** Of memory: what is theirs alone, and their part of what they share. */
  readonly bytes: number
}

/** Asks the system; undefined where it does not tell, as only Linux does. */
export async function weigh(pid: number): Promise<Cost | undefined> {
  try {
    const [memory, tasks] = await Promise.all([
      readFile(`/proc/${pid}/smaps_rollup`, 'utf8'),
      readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'),
    ])
    const kib = Number(/^Pss: +(\d+) kB$/m.exec(memory)?.[1])
    const children = await Promise.all(tasks.split(' ').filter(Boolean).map(Number).map(weigh))
    // One that has ended meanwhile is none.
    const all = children.filter((cost) => cost !== undefined)
    const sum = (of: (cost: Cost) => number): number => all.reduce((total, cost) => total + of(cost), 0)
    return { processes: 1 + sum((cost) => cost.processes), bytes: kib * 1024 + sum((cost) => cost.bytes) }
  } catch {
    return undefined
  }
}
