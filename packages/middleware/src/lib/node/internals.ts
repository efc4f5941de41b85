// What Node's messages keep under names that are no public ones. Decision 062 says why we lean on these few, and on no others.
import { EventEmitter } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'

/** A request as Node has it, with what its own code calls. */
export interface Incoming extends IncomingMessage {
  [name: symbol]: unknown
  _consuming: boolean
  readonly _readableState: { readingMore: boolean; readonly resumeScheduled: boolean }
  readonly _eventsCount: number
  upgrade: boolean | null
  joinDuplicateHeaders: boolean
  _addHeaderLines(lines: readonly string[], count: number): void
  _dump(): void
}

export type Fields = Record<string, unknown> | readonly unknown[] | undefined
export type Sent = (error?: Error | null) => void

/** A response as Node has it, with what its own code calls. */
export interface Outgoing extends ServerResponse {
  [name: symbol]: unknown
  socket: any
  finished: boolean
  destroyed: boolean
  outputSize: number
  readonly _hasBody: boolean
  _header: string | null
  readonly _contentLength: number | null
  readonly _trailer: string
  _closed: boolean
  _storeHeader(firstLine: string, fields: Fields): void
  _send(data: string | Uint8Array, encoding?: BufferEncoding | null | Sent, sent?: Sent | null): boolean
  _writeRaw(data: string, encoding?: string | Sent, sent?: Sent | null): boolean
  _finish(): void
}

const sample = new ServerResponse(new IncomingMessage(undefined as never))

/** Finds what an object of Node keeps under a symbol of this description. @throws Error when there is none: another Node than we know. */
function symbolOf(owner: object, description: string): symbol {
  const found = Object.getOwnPropertySymbols(owner).find((symbol) => symbol.description === description)
  if (!found) throw new Error(`This version of Node has no ${description} in its messages`)
  return found
}

/** Whether somebody waits for `drain`. */
export const needDrain: symbol = symbolOf(sample, 'kNeedDrain')
/** The fields that were set: by name in lower case, the name as it was given and the value. */
export const outFields: symbol = symbolOf(sample, 'kOutHeaders')
/** Whether what listeners are rejected with is handled. */
export const captures: symbol = symbolOf(new EventEmitter(), 'kCapture')
