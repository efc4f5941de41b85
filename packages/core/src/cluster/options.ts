// The options of a cluster, and what it reports about itself.
import type { MaybePromise } from '../exchange/context.ts'
import type { CloseOptions } from '../server/server.ts'
import type { RestartPolicy } from './backoff.ts'

/**
 * Starts the server of one worker, and returns it when it is ready: it listens, and everything that needs warming up is warm. What
 * it returns is closed when the worker ends; it may be anything with a `close` method, such as a server together with its database.
 */
export type Start = () => MaybePromise<{ close(options: CloseOptions): Promise<unknown> }>

/** The options of a cluster; all have a default. `announce` and `deadline` bound the end of every worker. */
export interface ClusterOptions extends CloseOptions {
  /** Number of worker processes. Default: one for each core that this process may use. */
  readonly workers?: number
  /** Milliseconds a worker has to become ready before it is killed. Default: 30 000. */
  readonly startDeadline?: number
  /** When crashed workers are replaced. */
  readonly restart?: Partial<RestartPolicy>
  /**
   * Who distributes connections: the primary, in turn, or the kernel, to whichever worker accepts first, which is cheaper for many
   * short connections but less even. Default: `round-robin`.
   */
  readonly balance?: 'round-robin' | 'kernel'
  /** Signals that end the cluster and then the process; a second one ends it at once. Default: SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[]
  /** Signal that reloads. Default: SIGHUP; null for none. */
  readonly reloadSignal?: NodeJS.Signals | null
  /** Called when a worker ended without having been asked to. Default: prints a line on standard error. */
  readonly onCrash?: (crash: WorkerCrash) => void
}

/** A worker that ended without having been asked to. */
export interface WorkerCrash {
  /** Its number in the cluster, from 1. */
  readonly worker: number
  readonly pid: number
  readonly code: number | null
  readonly signal: string | null
  /** Why it could not start, if that is known. */
  readonly error: string | undefined
  /** Milliseconds until another takes its place; undefined when there already is one, or the start has been given up. */
  readonly restartIn: number | undefined
}

/** One worker process, or the wait for one. */
export interface WorkerStatus {
  /** Its number in the cluster, from 1; during a reload two processes share one. */
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
  /** How many ended by themselves. */
  readonly drained: number
  /** How many were killed because they did not react to their deadline. */
  readonly killed: number
}

/** The workers, as seen by the primary. */
export interface Cluster extends AsyncDisposable {
  readonly status: ClusterStatus
  /**
   * Replaces every worker, one after the other: starts the new one, waits until it is ready, then drains the old one.
   * Workers run the current files; the primary remains the same process. If this is called during a reload, another one
   * follows. @throws when a new worker does not become ready: the old one stays, and so do those after it.
   */
  reload(): Promise<void>
  /** Drains all workers, with the cluster's options unless others are given. Calling it again returns the same promise. */
  close(options?: CloseOptions): Promise<ClusterClosed>
}
