/* What the gateway tells its dashboard: types only, as the two are different programs. */

/** What happened in one second. Milliseconds. */
export interface Second {
  readonly requests: number
  /** Answered with 5xx. */
  readonly failed: number
  /** Without a reply, because the client left or the connection failed. */
  readonly aborted: number
  readonly p50: number
  readonly p99: number
}

export interface RecentRequest {
  readonly at: number
  readonly method: string
  readonly target: string
  readonly status: number
  readonly ms: number
  readonly aborted: boolean
}

/** The state that the dashboard shows, updated once a second. */
export interface Snapshot {
  readonly url: string
  /** Milliseconds since 1970. */
  readonly now: number
  readonly started: number
  readonly loads: number
  readonly loadedAt: number
  readonly closing: boolean
  readonly connections: { readonly open: number; readonly active: number }
  readonly total: number
  readonly failed: number
  readonly seconds: readonly Second[]
  readonly recent: readonly RecentRequest[]
  readonly groups: readonly { readonly name: string; readonly servers: readonly ServerStatus[] }[]
  /** Requests of the demo's clients, and how many of them failed. */
  readonly demo: { readonly asked: number; readonly missed: number } | null
}

/** A server of a group. `demo` has the name by which it can be killed and started. */
export interface ServerStatus {
  readonly url: string
  readonly state: 'up' | 'ejected' | 'down'
  readonly active: number
  readonly idle: number
  readonly requests: number
  readonly failures: number
  readonly demo: { readonly name: string; readonly running: boolean } | null
}
