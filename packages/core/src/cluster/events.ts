// What happens to workers, on diagnostics channels.
import { channel } from 'node:diagnostics_channel'
import type { EventChannel } from '../server/events.ts'

/** A change in a worker's life, published in the primary. */
export interface WorkerEvent {
  /** Its number in the cluster, from 1. */
  readonly worker: number
  readonly pid: number
  readonly state: 'starting' | 'ready' | 'draining' | 'ended'
  /** Its exit code when it has `ended`; null before, and when a signal ended it. */
  readonly code: number | null
  /** The signal that ended it, if one did. */
  readonly signal: string | null
}

/** Events of the cluster in its primary; also `spillway.worker` of `node:diagnostics_channel`. */
export const clusterChannels: { readonly worker: EventChannel<WorkerEvent> } = {
  worker: channel('spillway.worker') as unknown as EventChannel<WorkerEvent>,
}
