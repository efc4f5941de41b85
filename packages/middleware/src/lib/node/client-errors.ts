// What a server of Node's kind tells its listeners of `clientError`, in the codes that they look for.
import type { Server, Socket } from 'node:net'
import { guarded, printError } from '@spillway/core'
import { type ParseErrorCode, parseErrors } from '@spillway/parser'
import { coded } from './failures.ts'

const told: unique symbol = Symbol('told')

/** Milliseconds that a client stays connected after `clientError` was emitted for it, if no listener closes it. */
const grace = 5_000

/** Where bytes are wrong. */
export interface Fault {
  /** The bytes that arrived together with the wrong ones. */
  readonly rawPacket: Buffer | undefined
  /** How many of them come before the first wrong one. */
  readonly bytesParsed: number
}

/** Whether somebody listens. */
export function hearsClientErrors(server: Server): boolean {
  return server.listenerCount('clientError') > 0
}

/** Whether listeners were told what is wrong with a client: whatever the reply is, it is theirs. */
export function isTold(socket: Socket | null): boolean {
  return (socket as { [told]?: true } | null)?.[told] === true
}

/** Tells the listeners what is wrong with a client, once; it is sent away in case none of them does. Returns whether there are any. */
export function tellClientError(server: Server, error: Error, socket: Socket): boolean {
  if (!hearsClientErrors(server)) return false
  if (isTold(socket)) return true
  ;(socket as { [told]?: true })[told] = true
  guarded(
    () => server.emit('clientError', error, socket),
    (failure) => printError('a listener of clientError', failure),
  )
  socket.setTimeout(grace, () => socket.destroy())
  return true
}

export function requestTimeoutError(): Error {
  return coded(new Error('Request timeout'), 'ERR_HTTP_REQUEST_TIMEOUT')
}

/** The client ended its side within a message. */
export function endOfInput(): Error {
  const error = coded(new Error('Parse Error'), 'HPE_INVALID_EOF_STATE')
  return Object.assign(error, { reason: 'Invalid EOF state', bytesParsed: 0, rawPacket: undefined })
}

/** The codes of Node's parser, with the beginnings of ours. */
const codes: readonly (readonly [code: string, ours: RegExp])[] = [
  ['HPE_INVALID_METHOD', /^(?:INVALID_METHOD|METHOD_)/],
  ['HPE_INVALID_URL', /^INVALID_TARGET/],
  ['HPE_INVALID_VERSION', /VERSION/],
  ['HPE_LF_EXPECTED', /^INVALID_LINE_END/],
  ['HPE_INVALID_HEADER_TOKEN', /^(?:INVALID_FIELD|FIELD_NAME|COLON|OBSOLETE|LEADING)/],
  ['HPE_UNEXPECTED_CONTENT_LENGTH', /^LENGTH_CONFLICT/],
  ['HPE_INVALID_CONTENT_LENGTH', /^LENGTH/],
  ['HPE_INVALID_TRANSFER_ENCODING', /^CODING/],
  ['HPE_STRICT', /^CHUNK_END/],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', /^CHUNK_(?:EXT_TOO|OVERHEAD)/],
  ['HPE_INVALID_CHUNK_SIZE', /^CHUNK/],
]

/** What the parser found, as an error like those of Node's parser. */
export function parseError(code: ParseErrorCode, fault: Fault): Error {
  const { status, message: reason } = parseErrors[code]
  const known =
    status === 431 || status === 414
      ? 'HPE_HEADER_OVERFLOW'
      : (codes.find(([, ours]) => ours.test(code))?.[0] ?? `HPE_INVALID_${code}`)
  return Object.assign(coded(new Error(`Parse Error: ${reason}`), known), { reason, ...fault })
}
