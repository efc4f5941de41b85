import nodeCluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import type { Cluster, ClusterOptions, Start } from './options.ts'
import { Primary } from './primary.ts'
import { runWorker } from './worker.ts'

let called = false

/**
 * Runs a server on every core. The process that calls it becomes the primary: it serves nothing itself, starts the
 * program again as worker processes, and keeps them running. In the workers this call runs `start` and never returns,
 * so what follows `await cluster(…)` is the primary's alone, and what precedes it runs everywhere.
 *
 * @throws when the workers cannot start: the first {@link RestartPolicy.attempts} in a row ended before they were ready.
 */
export async function cluster(start: Start, options: ClusterOptions = {}): Promise<Cluster> {
  if (called) throw new Error('cluster() may be called once in a process')
  const { workers = availableParallelism() } = options
  if (!Number.isInteger(workers) || workers < 1) throw new RangeError(`Not a number of workers: ${workers}`)
  if (process.argv[1] === undefined) throw new Error('cluster() starts the program again, so it must be a file')
  called = true
  return nodeCluster.isWorker ? runWorker(start, options) : new Primary(workers, options).start()
}
