/** How a server can serve many clients, by name. */
export const ways = ['blocking', 'process', 'event', 'cluster'] as const
export type Way = (typeof ways)[number]

/** Kinds of requests in the load. */
export const errands = ['quick', 'wait', 'work'] as const
export type Errand = (typeof errands)[number]

/** Clients of the load, each on a connection of its own, and what they ask for in a hundred requests. */
export const load: {
  readonly clients: number
  readonly share: Readonly<Record<Errand, number>>
  /** Milliseconds a client pauses before its next request: minimum and maximum. */
  readonly think: readonly [from: number, to: number]
  /** Milliseconds that `wait` waits, as it would for a database. */
  readonly waitMs: number
} = { clients: 24, share: { quick: 70, wait: 20, work: 10 }, think: [20, 60], waitMs: 30 }

/** One response: when it was complete and how long it took, in milliseconds, and the index of its errand in {@link errands}. */
export type Sample = readonly [at: number, errand: number, ms: number]

/** What `/api/many` reports, one line of JSON each. */
export type ManyNews =
  | { readonly way: Way; readonly is: 'starting' }
  | { readonly way: Way; readonly is: 'running'; readonly processes: number; readonly seconds: number }
  | { readonly way: Way; readonly is: 'measured'; readonly samples: readonly Sample[] }
  /** What the server uses under load: processes, and bytes of memory, counting their part of what they share. */
  | { readonly way: Way; readonly is: 'cost'; readonly processes: number; readonly bytes: number }
  | { readonly way: Way; readonly is: 'done' }
  | { readonly way: Way; readonly is: 'failed'; readonly message: string }
