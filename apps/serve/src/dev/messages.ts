// The messages between the parent and its workers.
import type { Failure } from './frame.ts'

/** Messages from the parent to a worker. `connection` comes with a socket. */
export type ToWorker =
  /** Loads packages ahead of time. */
  | { readonly say: 'prepare'; readonly packages: readonly string[] }
  | { readonly say: 'run'; readonly generation: string; readonly inspect?: number }
  | { readonly say: 'connection' }
  | { readonly say: 'drain' }

/** Messages from a worker to the parent. */
export type ToParent =
  /** The files of the packages that were loaded ahead of time, as URLs. */
  | { readonly say: 'prepared'; readonly files: readonly string[] }
  | { readonly say: 'ready' }
  /** The packages that the application has imported, as URLs. */
  | { readonly say: 'loaded'; readonly packages: readonly string[] }
  | { readonly say: 'failed'; readonly failure: Failure }
  /** The application listens on a port of its own. */
  | { readonly say: 'listening' }
  /** It has closed its ports and the debugger's; requests under way continue. */
  | { readonly say: 'draining' }
