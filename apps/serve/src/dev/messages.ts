// The messages between the parent and its workers.
import type { Failure } from './frame.ts'

/** What the parent says to a worker. A socket comes along with `connection`. */
export type ToWorker =
  /** Loads packages ahead of time. */
  | { readonly say: 'prepare'; readonly packages: readonly string[] }
  | { readonly say: 'run'; readonly generation: string; readonly inspect?: number }
  | { readonly say: 'connection' }
  | { readonly say: 'drain' }

/** What a worker says to the parent. */
export type ToParent =
  /** What the packages are made of that were loaded ahead of time, as URLs. */
  | { readonly say: 'prepared'; readonly files: readonly string[] }
  | { readonly say: 'ready' }
  /** The packages that the application has asked for, as URLs. */
  | { readonly say: 'loaded'; readonly packages: readonly string[] }
  | { readonly say: 'failed'; readonly failure: Failure }
  /** The application listens on a port of its own. */
  | { readonly say: 'listening' }
  /** It takes no more connections, no port, and no debugger; what is under way goes on. */
  | { readonly say: 'draining' }
