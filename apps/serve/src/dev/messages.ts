import type { Failure } from './frame.ts'

/** What the parent says to a worker. A socket comes along with `connection`. */
export type ToWorker =
  | {
      readonly say: 'run'
      readonly file: string
      readonly root: string
      readonly generation: string
      readonly inspect?: number
    }
  | { readonly say: 'connection' }
  | { readonly say: 'drain' }

/** What a worker says to the parent. */
export type ToParent =
  | { readonly say: 'ready' }
  | { readonly say: 'failed'; readonly failure: Failure }
  /** It takes no more connections, and no debugger; what is under way goes on. */
  | { readonly say: 'draining' }
