/** What the connection does with incoming bytes. */
export const ReadState = {
  /** A request head is awaited. */
  Head: 0,
  /** The content of the current request is awaited. */
  Body: 1,
  /** The request is complete; what arrives now is the next one, and waits. */
  Hold: 2,
  /** The reply is complete; the rest of the request's content is dropped. */
  Discard: 3,
  /** Nothing that arrives will be parsed: the peer has ended within a message, a message was refused, or the connection is closing. */
  Closed: 4,
  /** Another protocol owns the connection. */
  Upgraded: 5,
} as const
export type ReadState = (typeof ReadState)[keyof typeof ReadState]

/** What the connection does with the current reply. */
export const WriteState = {
  /** No reply has begun. */
  Idle: 0,
  /** The reply's head has been written, its content is being sent. */
  Streaming: 1,
  /** The reply is complete. */
  Done: 2,
  /** Nothing more may be written. */
  Closed: 3,
} as const
export type WriteState = (typeof WriteState)[keyof typeof WriteState]

/**
 * The state of a connection: read side × write side, and three facts that decide reuse. Pure: no I/O, no time. Each function below
 * is one row. What a row does not name stays as it is.
 *
 * | event                                      | read                                      | write                  | facts |
 * | ------------------------------------------ | ----------------------------------------- | ---------------------- | ----- |
 * | `onHead`: head complete, content follows   | Head → Body                               | –                      | `persist` is what the request and the limit on requests allow, false once draining |
 * | `onHead`: head complete, no content        | Head → Hold                               | –                      | the same |
 * | `onContentEnd`: content complete           | Body → Hold, Discard → Hold               | –                      | – |
 * | `onBroken`: message invalid, late, refused | any → Closed                              | –                      | not `persist` |
 * | `onPeerEnd`: peer ends its side            | Body, Discard → Closed; otherwise –       | –                      | `peerEnded`; with Body or Discard also not `persist` |
 * | `onReplyStart`: head sent, content follows | –                                         | Idle → Streaming       | – |
 * | `onLastReply`: head sent that says close   | –                                         | –                      | not `persist` |
 * | `onReplyEnd`: reply complete               | –                                         | Idle, Streaming → Done | – |
 * | `onDiscard`: `settle` said discard         | Body → Discard                            | –                      | – |
 * | `onNext`: `settle` said next               | Hold → Head                               | Done → Idle            | – |
 * | `onShutdown`: the server closes            | –                                         | –                      | `draining`; not `persist`, unless a head is still awaited |
 * | `onUpgrade`: somebody takes it over        | Hold → Upgraded; without a reply from any | Idle → Closed          | not `persist` |
 * | `onClosing`: `settle` said linger or close | any → Closed                              | any → Closed           | not `persist` |
 * | `onClosing`: the connection is cut or gone | any → Closed                              | any → Closed           | not `persist` |
 */
export interface ConnectionState {
  read: ReadState
  write: WriteState
  /** The connection may be used again after this exchange (RFC 9112 §9.3). */
  persist: boolean
  /** Shutdown has begun: the current exchange is the last. */
  draining: boolean
  /** The peer has ended its sending side. */
  peerEnded: boolean
}

/** A request head is complete. @param persist what the request and the limit on requests allow. */
export function onHead(s: ConnectionState, hasContent: boolean, persist: boolean): void {
  s.read = hasContent ? ReadState.Body : ReadState.Hold
  s.persist = persist && !s.draining
}

/** The request's content is complete. */
export function onContentEnd(s: ConnectionState): void {
  s.read = ReadState.Hold
}

/** Nothing that still arrives is read as a request: the message is invalid, came too late, or was refused. */
export function onBroken(s: ConnectionState): void {
  s.read = ReadState.Closed
  s.persist = false
}

/**
 * The peer has ended its sending side. A reply may still reach it, and requests that came before the end are answered;
 * incomplete content will never be completed.
 */
export function onPeerEnd(s: ConnectionState): void {
  s.peerEnded = true
  if (s.read === ReadState.Body || s.read === ReadState.Discard) onBroken(s)
}

/** The reply's head is written, its content follows. */
export function onReplyStart(s: ConnectionState): void {
  s.write = WriteState.Streaming
}

/** The reply's head ends the connection: it says `close`, or its content goes on until then. */
export function onLastReply(s: ConnectionState): void {
  s.persist = false
}

/** The reply's last byte is written. */
export function onReplyEnd(s: ConnectionState): void {
  s.write = WriteState.Done
}

/** Shutdown: no further request after the current one. */
export function onShutdown(s: ConnectionState): void {
  s.draining = true
  if (s.read !== ReadState.Head) s.persist = false
}

/** The next request may come. */
export function onNext(s: ConnectionState): void {
  s.read = ReadState.Head
  s.write = WriteState.Idle
}

/** The rest of the request's content is to be dropped. */
export function onDiscard(s: ConnectionState): void {
  s.read = ReadState.Discard
}

/** Another protocol, or the application itself, takes the connection over. */
export function onUpgrade(s: ConnectionState): void {
  s.read = ReadState.Upgraded
  s.write = WriteState.Closed
  s.persist = false
}

/** Both directions are finished for HTTP; only the socket's own end is left. */
export function onClosing(s: ConnectionState): void {
  s.read = ReadState.Closed
  s.write = WriteState.Closed
  s.persist = false
}

/** What is to be done in a given state. */
export type Settled =
  /** Something has to happen first: bytes must arrive, a reply be given, or end. */
  | 'wait'
  /** The exchange is over and the connection is free for another. */
  | 'next'
  /** The reply is complete before the request's content: drop the rest, then `next`. */
  | 'discard'
  /** The connection is over for us: end our side and drop what arrives, so that the peer can read our last bytes (RFC 9112 §9.6). */
  | 'linger'
  /** Both sides have ended. */
  | 'close'

/** The one place that decides whether a connection is used again. */
export function settle(s: ConnectionState): Settled {
  if (s.read === ReadState.Upgraded) return 'wait'
  if (s.write !== WriteState.Done) return 'wait'
  if (!s.persist || s.read === ReadState.Closed) return s.peerEnded ? 'close' : 'linger'
  if (s.read === ReadState.Body) return 'discard'
  return s.read === ReadState.Discard ? 'wait' : 'next'
}
