// The entry `@spillway/core/cluster`: public names only.
export { cluster } from './cluster/cluster.ts'
export { type WorkerEvent, clusterChannels } from './cluster/events.ts'
export type { RestartPolicy } from './cluster/backoff.ts'
export type {
  Cluster,
  ClusterClosed,
  ClusterOptions,
  ClusterStatus,
  Start,
  WorkerCrash,
  WorkerStatus,
} from './cluster/options.ts'
export type { CloseOptions } from './server/server.ts'
export { type WorkerAnswer, everyWorker } from './cluster/questions.ts'
