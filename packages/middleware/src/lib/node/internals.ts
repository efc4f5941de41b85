// Internal properties of Node's messages. Decision 062 says why we rely on these few, and on no others.
import { EventEmitter } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'

/** A request in Node, with the members that its own code uses. */
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

/** A response in Node, with the members that its own code uses. */
export interface Outgoing extends ServerResponse {
  [name: symbol]: unknown
  socket: any
  finished: boolean
  destroyed: boolean
  outputSize: number
  readonly _hasBody: boolean
  readonly _eventsCount: number
  maxRequestsOnConnectionReached: boolean
  _header: string | null
  _contentLength: number | null
  readonly _trailer: string
  _closed: boolean
  _storeHeader(firstLine: string, fields: Fields): void
  _send(data: string | Uint8Array, encoding?: BufferEncoding | null | Sent, sent?: Sent | null): boolean
  _writeRaw(data: string, encoding?: string | Sent, sent?: Sent | null): boolean
  _finish(): void
}

const sample = new ServerResponse(new IncomingMessage(undefined as never))

/** Finds the symbol with this description on a Node object. @throws Error when there is none: this version of Node is not supported. */
function symbolOf(owner: object, description: string): symbol {
  const found = Object.getOwnPropertySymbols(owner).find((symbol) => symbol.description === description)
  if (!found) throw new Error(`This version of Node has no ${description} in its messages`)
  return found
}

/** Whether somebody is waiting for `drain`. */
export const needDrain: symbol = symbolOf(sample, 'kNeedDrain')
/** The fields that were set, by name in lower case: the name as given, and the value. */
export const outFields: symbol = symbolOf(sample, 'kOutHeaders')
/** Whether rejections of listeners are captured. */
export const captures: symbol = symbolOf(new EventEmitter(), 'kCapture')
