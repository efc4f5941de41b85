// What the system knows about processes: time and memory.
import { existsSync, readFileSync, readdirSync } from 'node:fs'

/** Clock ticks a second of /proc/<pid>/stat: `USER_HZ`, 100 on every Linux of today. */
const ticksPerSecond = 100

/** What /proc/<pid>/stat says, as far as the bench needs it. */
export interface ProcessStat {
  readonly parent: number
  /** Microseconds in user and system mode, with those of children that have ended. */
  readonly cpu: number
}

/** Reads a line of /proc/<pid>/stat. The second field is the program's name, in parentheses, and may hold any character. */
export function parseStat(line: string): ProcessStat {
  // What follows the name begins with the third field, the state; proc(5) counts from one.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const field = (number: number): number => Number(fields[number - 3])
  const ticks = field(14) + field(15) + field(16) + field(17)
  return { parent: field(4), cpu: (ticks * 1e6) / ticksPerSecond }
}

/** Resident memory in bytes, from the text of /proc/<pid>/status; 0 when there is none. */
export function parseResident(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}

/** What a process and all its descendants have used so far. */
export interface Usage {
  /** Microseconds. */
  readonly cpu: number
  /** Bytes resident now; pages shared among the processes count once for each. */
  readonly resident: number
}

export function usage(pid: number): Usage {
  let cpu = 0
  let resident = 0
  for (const id of family(pid)) {
    try {
      cpu += parseStat(readFileSync(`/proc/${id}/stat`, 'utf8')).cpu
      resident += parseResident(readFileSync(`/proc/${id}/status`, 'utf8'))
    } catch {
      // It has ended meanwhile.
    }
  }
  return { cpu, resident }
}

/** Whether the system tells what its processes use. */
export const canMeasure: boolean = existsSync('/proc/self/stat')

function family(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const { parent } = parseStat(readFileSync(`/proc/${name}/stat`, 'utf8'))
      const siblings = children.get(parent)
      if (siblings) siblings.push(Number(name))
      else children.set(parent, [Number(name)])
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = [root]
  for (const id of found) found.push(...(children.get(id) ?? []))
  return found
}
