// What the kernel holds of a connection because the client's system has not acknowledged it. Only Linux tells (proc_net_tcp).
import { readFileSync, readlinkSync } from 'node:fs'

/** By inode; one look serves all connections that are asked about at about the same time. */
let held = new Map<string, number>()
let lookedAt = -Infinity
/** Milliseconds of processor time that the last look took: the list is as long as there are sockets, and blocks everything else. */
let took = 0
/** A look that takes more than this many milliseconds is noticeable, and at most this share of the time is spent on such looks. */
const [felt, share] = [200, 0.02]

/**
 * Bytes that were given to the kernel for a TCP socket and that the other end has not acknowledged.
 * @param age milliseconds that the answer may be old.
 * @returns undefined where the system does not say, or cannot be asked again so soon
 */
export function unacknowledged(fd: number, age: number): number | undefined {
  try {
    const now = performance.now()
    if (now - lookedAt > Math.max(age, took > felt ? took / share : 0)) {
      const before = process.cpuUsage()
      held = look()
      lookedAt = now
      const { user, system } = process.cpuUsage(before)
      took = (user + system) / 1000
    }
    if (now - lookedAt > age) return undefined
    return held.get(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? '')
  } catch {
    return undefined
  }
}

/** The columns: number, local address, remote address, state, `tx:rx`, timer, retransmits, user, timeout, inode. */
function look(): Map<string, number> {
  const found = new Map<string, number>()
  for (const line of [...linesOf('/proc/net/tcp'), ...linesOf('/proc/net/tcp6')]) {
    const columns = line.trim().split(/ +/)
    const waiting = columns[4]
    if (waiting !== undefined) found.set(columns[9]!, Number.parseInt(waiting, 16))
  }
  return found
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').slice(1)
  } catch {
    // A system may have only one of the two.
    return []
  }
}
