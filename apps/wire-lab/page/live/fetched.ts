/** One request that the page itself made. */
export interface Fetched {
  readonly request: string
  readonly status: number
  readonly ms: number
  readonly text: string
  /** Where the server got it, 0 when the reply does not say. */
  readonly connection: number
}
