import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '@spillway/command-line'

/** Milliseconds to wait for the previous process, which may still be finishing requests. */
const patience = 30_000

/**
 * Takes a folder for this process: two that write to the same journal would lose messages.
 * @returns a function that releases it.
 * @throws Failure when another process has it and does not release it.
 */
export async function lockFolder(folder: string): Promise<() => void> {
  const file = join(folder, 'pid')
  const giveUpAt = performance.now() + patience
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = Number(readFileSync(file, 'utf8'))
    if (!isAlive(owner)) rmSync(file, { force: true })
    else if (performance.now() > giveUpAt) throw new Failure(`${folder} is in use by process ${owner}`)
    else await sleep(100)
  }
}

/** In a container every process may be number 1: a lock with our own number is that of a previous process. */
function isAlive(pid: number): boolean {
  if (!(pid > 0) || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
