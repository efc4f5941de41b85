// Messages to begin with, which the page offers.
import list from './samples.json' with { type: 'json' }

/** A message to begin with. */
export interface Sample {
  readonly name: string
  readonly side: 'request' | 'response'
  readonly bytes: Uint8Array
}

/** In the file a character stands for a byte, as in the cases of the parser: other readers are asked about them, too. */
export const samples: readonly Sample[] = list.map(({ name, side, bytes }) => ({
  name,
  side: side === 'request' ? 'request' : 'response',
  bytes: Uint8Array.from(bytes, (c) => c.charCodeAt(0)),
}))
