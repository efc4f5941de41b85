// Sample messages, which the page offers to begin with.
import list from './samples.json' with { type: 'json' }

/** A sample message. */
export interface Sample {
  readonly name: string
  readonly side: 'request' | 'response'
  readonly bytes: Uint8Array
}

/** In the file each character stands for a byte, as in the parser's test cases: other parsers are asked about the samples, too. */
export const samples: readonly Sample[] = list.map(({ name, side, bytes }) => ({
  name,
  side: side === 'request' ? 'request' : 'response',
  bytes: Uint8Array.from(bytes, (c) => c.charCodeAt(0)),
}))
