/** One connection of the lab's own client, as that client saw it. */
export interface Run {
  readonly label: string
  /** The server's number for it; 0 when the server did not accept it. */
  readonly connection: number
  /** The first bytes sent and received; base64. */
  readonly sent: string
  readonly received: string
  /** All bytes, including those not kept. */
  readonly total: { readonly sent: number; readonly received: number }
  /** The methods of the requests, which decide how the responses are framed. */
  readonly methods: readonly string[]
  readonly ended: 'by the server' | 'by the client' | 'reset by the server' | 'not yet'
  /** Milliseconds from the connection's beginning to its end. */
  readonly ms: number
}

/** The result of something that the lab's own client tried. */
export interface Tried {
  readonly name: string
  readonly title: string
  /** What to look for in it. */
  readonly note: string
  /** Measurements and counts, by name. */
  readonly facts: readonly (readonly [name: string, value: string])[]
  /** The connections worth a look; there may have been more. */
  readonly runs: readonly Run[]
  readonly ms: number
}
