/** How a server can serve many clients, by name. */
export const ways = ['blocking', 'process', 'event', 'cluster'] as const
export type Way = (typeof ways)[number]

/** What a request of the load asks for. */
export const errands = ['quick', 'wait', 'work'] as const
export type Errand = (typeof errands)[number]

/** Clients of the load, each on a connection of its own, and what they ask for in a hundred requests. */
export const load: {
  readonly clients: number
  readonly share: Readonly<Record<Errand, number>>
  /** Milliseconds a client thinks before it asks again, from and to. */
  readonly think: readonly [from: number, to: number]
  /** Milliseconds that `wait` waits, as for a database. */
  readonly waitMs: number
} = { clients: 24, share: { quick: 70, wait: 20, work: 10 }, think: [20, 60], waitMs: 30 }

/** One reply: when it was complete and how long it took, in milliseconds, and the place of its errand in {@link errands}. */
export type Sample = readonly [at: number, errand: number, ms: number]

/** What `/api/many` tells, one line of JSON each. */
export type ManyNews =
  | { readonly way: Way; readonly is: 'starting' }
  | { readonly way: Way; readonly is: 'running'; readonly processes: number; readonly seconds: number }
  | { readonly way: Way; readonly is: 'measured'; readonly samples: readonly Sample[] }
  /** What the server takes under load: processes, and bytes of memory that are theirs, with their part of what they share. */
  | { readonly way: Way; readonly is: 'cost'; readonly processes: number; readonly bytes: number }
  | { readonly way: Way; readonly is: 'done' }
  | { readonly way: Way; readonly is: 'failed'; readonly message: string }
