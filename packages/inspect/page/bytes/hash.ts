// The fragment of the page's address: the bytes to share.
import { fromBase64, toBase64Url } from '../shared/base64.ts'

export type Side = 'request' | 'response'

/** The content of the fragment, so that the address can be shared: `request=R0VU…`. */
export interface Shared {
  readonly side: Side
  readonly bytes: Uint8Array
}

/** @returns undefined when there is nothing in the address, or nothing valid. */
export function parseHash(hash: string): Shared | undefined {
  const [, side, text] = /^#(request|response)=([\w-]*)$/.exec(hash) ?? []
  if (side === undefined) return undefined
  try {
    return { side: side as Side, bytes: fromBase64(text!) }
  } catch {
    return undefined
  }
}

export function toHash({ side, bytes }: Shared): string {
  return `#${side}=${toBase64Url(bytes)}`
}
