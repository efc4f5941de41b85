// What is known about a server's connections: events, the state they build, the bytes, and how the parser reads them. Server
// and page share this code; nothing here depends on either.
export type * from './model/events.ts'
export { type EndedBy, type Reason, type ReasonText, reasons } from './model/reasons.ts'
export { type LabState, apply, bounds, emptyState, find, freeze, percentile, thaw } from './model/state.ts'
export { statusText } from './model/status.ts'
export { mainWay, type StreamTrace, type StreamsTrace, type Way, type WindowStep } from './model/stream-trace.ts'
export type { Piece, Segment, Wire } from './model/tape.ts'
export type { WebSocketMessage } from './model/web-socket-message.ts'
export {
  type Fact,
  type Fault,
  type Message,
  type Reading,
  type Token,
  type TokenKind,
  readBytes,
} from './model/tokens.ts'
export { type Told, type ToldExchange, exchangesOf } from './model/messages.ts'
export { exchangesIn } from './model/streams.ts'
export type * from './model/notes.ts'
export { type Query, matchesConnection, matchesEvent, parseQuery } from './model/query.ts'
export { formatBytes, formatMs, formatTime, plural } from './model/format.ts'
