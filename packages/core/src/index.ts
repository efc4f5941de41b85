// The entry `@spillway/core`: public names only; the code is in the rooms beside it.
export { AddressSet, networkOf, normalAddress } from './transport/addresses.ts'
export { type CloseReason, type ConnectionEvents, type ServerEvents, channels } from './server/events.ts'
export type { Context, Handler, Html, MaybePromise, Query, RequestHeaders, Result } from './exchange/context.ts'
export type { CoreErrorCodes, ErrorCode } from './exchange/error-codes.ts'
export {
  AbortedError,
  type AbortedBy,
  type ErrorFacts,
  HttpError,
  type HttpErrorOptions,
  type Outcome,
  abortedIn,
  errorFacts,
} from './exchange/errors.ts'
export { Output } from './http1/output.ts'
export type { JsonReplacer } from './exchange/json.ts'
export { KeptReply } from './exchange/kept-reply.ts'
export { Reply, type BodySource, type ReplyInit, type TakeOver } from './exchange/reply.ts'
export {
  type FieldsInit,
  ReplyHeaders,
  addErrorFields,
  fieldPairs,
  forgetBytes,
  weakenTag,
} from './exchange/reply-headers.ts'
export { isFinalStatus } from './exchange/content.ts'
export { answerIn } from './exchange/dispatch.ts'
export { printFailure } from './exchange/error-reply.ts'
export type { OnError } from './exchange/on-error.ts'
export { guarded, handled, handledPieces, ignore, isInstance, isThenable, printError } from './exchange/guarded.ts'
export { guardSignal } from './exchange/guarded-signal.ts'
export { type Puller, dropSource, pullerOf } from './exchange/source.ts'
export { RequestBody } from './exchange/request-body.ts'
export type { Holding, Holds } from './transport/holding.ts'
export { type Peer, type Transport, type TransportSink, highWater } from './transport/transport.ts'
export { createServer, serve } from './serve/serve.ts'
export type { CloseOptions, Closed, Server, ServerOptions } from './server/server.ts'
export { type InheritedSocket, listenFds } from './server/listen-fds.ts'
export type {
  Certificate,
  CertificateFinder,
  ListenOptions,
  Listening,
  NamedTls,
  Pem,
  PemCertificate,
  PfxCertificate,
  ProxyProtocolOptions,
  TlsOptions,
  TlsPolicy,
  TlsReload,
} from './server/listen-options.ts'
export { type Closable, type SignalOptions, closeOnSignals } from './serve/signals.ts'
export { type Limits, type Timeouts, defaultLimits, defaultTimeouts } from './server/options.ts'
export { NodeTransport } from './sockets/transport-node.ts'
