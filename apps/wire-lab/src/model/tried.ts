/** One connection of the lab's own client, as that client saw it. */
export interface Run {
  readonly label: string
  /** The server's number of it, 0 when none was accepted. */
  readonly connection: number
  /** What was sent and received, the first of it; base64. */
  readonly sent: string
  readonly received: string
  /** Bytes there were. */
  readonly total: { readonly sent: number; readonly received: number }
  /** The methods asked with, which decide how replies are framed. */
  readonly methods: readonly string[]
  readonly ended: 'by the server' | 'by the client' | 'reset by the server' | 'not yet'
  /** Milliseconds from the connection's beginning to its end. */
  readonly ms: number
}

/** What came of something that the lab's own client tried. */
export interface Tried {
  readonly name: string
  readonly title: string
  /** What there is to see in it. */
  readonly note: string
  /** What was measured or counted, by name. */
  readonly facts: readonly (readonly [name: string, value: string])[]
  /** The connections worth a look; there may have been more. */
  readonly runs: readonly Run[]
  readonly ms: number
}
