/** One request that the page itself made. */
export interface Fetched {
  readonly request: string
  readonly status: number
  readonly ms: number
  readonly text: string
  /** The server's number for the connection it used; 0 when the response does not say. */
  readonly connection: number
}
