import nodeCluster from 'node:cluster'
import { readOptions } from '../exchange/read-options.ts'
import type { Cluster, ClusterOptions, Start } from './options.ts'
import { Primary } from './primary.ts'
import { clusterRules } from './rules.ts'
import { runWorker } from './worker.ts'

let called = false

// decision 006
/**
 * Runs a server on every core. The process that calls it becomes the primary: it serves nothing itself, starts the
 * program again as worker processes, and keeps them running. In the workers this call runs `start` and never returns,
 * so code after `await cluster(…)` runs only in the primary, and code before it runs everywhere.
 *
 * @throws RangeError for a number out of range, TypeError for another kind of value and for an unknown option; an
 * Error when the workers cannot start: the first {@link RestartPolicy.attempts} in a row ended before they were ready.
 */
export async function cluster(start: Start, options: ClusterOptions = {}): Promise<Cluster> {
  if (called) throw new Error('cluster() may be called once in a process')
  const read = readOptions(clusterRules, options)
  if (process.argv[1] === undefined) throw new Error('cluster() starts the program again, so it must be a file')
  called = true
  return nodeCluster.isWorker ? runWorker(start, read) : new Primary(read).start()
}
