/** What came of something that the lab's own client tried. */
export interface Tried {
  readonly title: string
  readonly note: string
  readonly sent: string
  readonly received: string
  /** The connection it happened on, 0 when none was accepted. */
  readonly connection: number
  readonly ms: number
}
