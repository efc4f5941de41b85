export { AddressSet, networkOf, normalAddress } from './addresses.ts'
export { type ConnectionEvents, channels } from './events.ts'
export type { Context, Handler, MaybePromise, RequestHeaders, Result } from './context.ts'
export {
  AbortedError,
  type AbortedBy,
  type ErrorFacts,
  HttpError,
  type HttpErrorOptions,
  type Outcome,
  errorFacts,
} from './errors.ts'
export { KeptReply } from './kept-reply.ts'
export { Reply, type BodySource, type ReplyInit, type TakeOver } from './reply.ts'
export { type HeadersInit, ReplyHeaders } from './reply-headers.ts'
export { type Puller, dropSource, pullerOf } from './reply-stream.ts'
export { RequestBody } from './request-body.ts'
export type { Peer, Transport, TransportSink } from './transport.ts'
export { type CloseOptions, type Closed, type Server, type ServerOptions, createServer, serve } from './server.ts'
export { type InheritedSocket, listenFds } from './listen-fds.ts'
export type { Certificate, ListenOptions, Listening, Pem, ProxyProtocolOptions, TlsOptions } from './listen-options.ts'
export { type Closable, type SignalOptions, closeOnSignals } from './signals.ts'
export { type Limits, type Timeouts, defaultLimits, defaultTimeouts } from './options.ts'
