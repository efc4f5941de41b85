// What the system knows about processes: time and memory.
import { existsSync, readFileSync, readdirSync } from 'node:fs'

/** Clock ticks per second in /proc/<pid>/stat: `USER_HZ`, 100 on all current Linux systems. */
const ticksPerSecond = 100

/** The parts of /proc/<pid>/stat that the bench needs. */
export interface ProcessStat {
  readonly parent: number
  /** Microseconds in user and system mode, including children that have ended. */
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
  /** Resident bytes at this moment; pages shared among the processes count once for each. */
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

/** Processor time in microseconds since the meter was created. */
export interface Spent {
  /** Time of the server. */
  readonly server: number
  /** Time of all processes that take part: see {@link Meter}. */
  readonly machine: number
}

/**
 * Measures the processor time of the server and that of all processes that take part: the server, its upstream servers,
 * the load generator, and the kernel's `ksoftirqd`. On a loopback the kernel charges network work to whichever process
 * happens to run, so that part of the server's time can be that of its clients, and the other way around. Interrupts
 * are charged to the process that they interrupt, unless the kernel counts them separately
 * (`CONFIG_IRQ_TIME_ACCOUNTING`): then they are left out. Other work of the machine is not counted.
 */
export class Meter {
  readonly #server: number
  readonly #others: readonly number[]
  readonly #before: Spent

  /** @param others processes of upstream servers. The load generator is this process, or a child that has ended. */
  constructor(server: number, others: readonly number[]) {
    this.#server = server
    this.#others = [...others, ...softInterrupts()]
    this.#before = this.#total()
  }

  read(): Spent {
    const { server, machine } = this.#total()
    return { server: server - this.#before.server, machine: machine - this.#before.machine }
  }

  #total(): Spent {
    const server = usage(this.#server).cpu
    const others = this.#others.reduce((sum, pid) => sum + usage(pid).cpu, 0)
    return { server, machine: server + others + parseStat(readFileSync('/proc/self/stat', 'utf8')).cpu }
  }
}

/** The kernel threads that process deferred interrupts (softirqs). */
function softInterrupts(): number[] {
  return processes().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('ksoftirqd/')
    } catch {
      return false
    }
  })
}

function processes(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

/** Whether the system reports what its processes use. */
export const canMeasure: boolean = existsSync('/proc/self/stat')

function family(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const pid of processes()) {
    try {
      const { parent } = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
      const siblings = children.get(parent)
      if (siblings) siblings.push(pid)
      else children.set(parent, [pid])
    } catch {
      // It has ended meanwhile.
    }
  }
  const found = [root]
  for (const id of found) found.push(...(children.get(id) ?? []))
  return found
}
