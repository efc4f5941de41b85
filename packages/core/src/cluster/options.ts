// What a cluster is told, and what it tells of itself.
import type { MaybePromise } from '../exchange/context.ts'
import type { CloseOptions } from '../server/server.ts'
import type { RestartPolicy } from './backoff.ts'

/**
 * Starts the server of one worker, and returns it when it is ready: it listens, and whatever must be warm is warm. What
 * it returns is closed when the worker ends; it may be anything that closes, a server and its database together.
 */
export type Start = () => MaybePromise<{ close(options: CloseOptions): Promise<unknown> }>

/** What a cluster can be told; everything has a default. `announce` and `deadline` bound the end of every worker. */
export interface ClusterOptions extends CloseOptions {
  /** Worker processes. Default: one for each core this process may use. */
  readonly workers?: number
  /** Milliseconds a worker has to become ready before it is killed. Default: 30 000. */
  readonly startDeadline?: number
  /** When crashed workers are replaced. */
  readonly restart?: Partial<RestartPolicy>
  /**
   * Who hands out connections: the primary, in turn, or the kernel, to whichever worker accepts first: cheaper for many
   * short connections, less even. Default: `round-robin`.
   */
  readonly balance?: 'round-robin' | 'kernel'
  /** Signals that end the cluster and then the process; a second one ends it at once. Default: SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[]
  /** Signal that reloads. Default: SIGHUP; null for none. */
  readonly reloadSignal?: NodeJS.Signals | null
  /** A worker ended without having been asked to. Default: a line on the error output. */
  readonly onCrash?: (crash: WorkerCrash) => void
}

/** A worker that ended without having been asked to. */
export interface WorkerCrash {
  /** Its place in the cluster, from 1. */
  readonly worker: number
  readonly pid: number
  readonly code: number | null
  readonly signal: string | null
  /** Why it could not start, as far as that is known. */
  readonly error: string | undefined
  /** Milliseconds until another takes its place; undefined when one is there already, or the start is given up. */
  readonly restartIn: number | undefined
}

/** One worker process, or the wait for one. */
export interface WorkerStatus {
  /** Its place in the cluster, from 1; during a reload two processes share one. */
  readonly worker: number
  /** 0 while waiting. */
  readonly pid: number
  readonly state: 'starting' | 'ready' | 'draining' | 'waiting'
  /** How often this place had to be filled again because a worker ended by itself. */
  readonly restarts: number
  /** When the state began. */
  readonly since: Date
}

export interface ClusterStatus {
  readonly workers: readonly WorkerStatus[]
}

/** How the workers of a cluster ended. */
export interface ClusterClosed {
  /** By themselves. */
  readonly drained: number
  /** Killed, because they did not react to their deadline. */
  readonly killed: number
}

/** The workers, as the primary sees them. */
export interface Cluster extends AsyncDisposable {
  readonly status: ClusterStatus
  /**
   * Replaces every worker, one after the other: starts the new one, waits until it is ready, then drains the old one.
   * Workers run the files as they are now; the primary stays the process it is. Asked for during a reload, one more
   * follows. @throws when a new worker does not become ready: the old one stays, and so do those after it.
   */
  reload(): Promise<void>
  /** Drains all workers, by the cluster's options unless told otherwise. Calling it again returns the same promise. */
  close(options?: CloseOptions): Promise<ClusterClosed>
}
