// A request with its response, from a file of any format.
import type { Deviation } from '@spillway/parser/observer'

/** A field line as it was sent. */
export type Field = readonly [name: string, value: string]

/** The members that requests and responses share. */
interface Message {
  readonly minorVersion: 0 | 1
  readonly fields: readonly Field[]
  /** Content without its framing, as much of it as was kept. */
  readonly content: Uint8Array
  /** The size of the whole content, including what was not kept or is missing. */
  readonly contentBytes: number
  /** Whether `content` is all of it. */
  readonly isWhole: boolean
  /** Whether content codings have been decoded, as in a HAR file. */
  readonly isDecoded: boolean
}

export interface RecordedRequest extends Message {
  readonly method: string
  readonly target: string
  /** Head and framed content as they were on the wire; only if the file has all of them and they are small enough to keep. */
  readonly raw: Uint8Array | undefined
}

export interface RecordedResponse extends Message {
  readonly status: number
  readonly reason: string
}

/** A request with its response. */
export interface Transaction {
  /** From 1 on, in the order in which they are listed. */
  readonly number: number
  readonly scheme: 'http' | 'https'
  /** Host and port as the client named them, or empty. */
  readonly authority: string
  /** Milliseconds since 1970; 0 when the file does not say. */
  readonly startedAt: number
  /** Milliseconds until the response was complete. */
  readonly duration: number
  readonly request: RecordedRequest | undefined
  readonly response: RecordedResponse | undefined
  /** Deviations that a strict parser would have rejected, for files that have the original bytes. */
  readonly deviations: readonly (Deviation & { readonly side: 'request' | 'response' })[]
}

/** A transaction without its number, which is assigned when it is listed. */
export type Unnumbered = Omit<Transaction, 'number'>

/** The first value of a field. */
export function fieldOf(fields: readonly Field[], name: string): string | undefined {
  return fields.find(([one]) => one.toLowerCase() === name)?.[1]
}

/** The URL of a transaction, for people. */
export function urlOf({ request, scheme, authority }: Unnumbered): string {
  const target = request?.target ?? '?'
  return target.startsWith('/') && authority !== '' ? `${scheme}://${authority}${target}` : target
}
