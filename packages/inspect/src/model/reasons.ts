/** Why a connection ended, in words. */
export interface ReasonText {
  /** A few words for a label. */
  readonly short: string
  /** One plain sentence for readers who do not know the protocol. */
  readonly sentence: string
  /** Whether it ended as it should. */
  readonly calm: boolean
}

/** The `CloseReason` of `@spillway/core`, which the page cannot import. `record/recorder.ts` compiles only while the two agree. */
export type Reason =
  | 'client-closed'
  | 'client-gone'
  | 'client-reset'
  | 'network-error'
  | 'http-1.0'
  | 'head-too-large'
  | 'tunnel-timeout'
  | 'client-asked'
  | 'reply-asked'
  | 'max-requests'
  | 'unread-content'
  | 'parse-error'
  | 'abuse'
  | 'tls-error'
  | 'handshake-timeout'
  | 'proxy-error'
  | 'handler-error'
  | 'keep-alive-timeout'
  | 'head-timeout'
  | 'body-timeout'
  | 'write-timeout'
  | 'request-timeout'
  | 'overload'
  | 'memory'
  | 'shutdown'
  | 'upgraded'

/** What an outside observer can know, from a capture. */
type SeenFromOutside = 'server-closed' | 'server-reset' | 'not-recorded'

/** Why a connection ended: as the server reports it, or as an observer of the traffic sees it. */
export type EndedBy = Reason | SeenFromOutside

export const reasons: Readonly<Record<EndedBy, ReasonText>> = {
  'client-closed': {
    short: 'client closed',
    sentence: 'The client had no more requests and ended the connection.',
    calm: true,
  },
  'client-gone': {
    short: 'client left',
    sentence: 'The client ended the connection in the middle of a request or a reply.',
    calm: false,
  },
  'client-reset': {
    short: 'client broke off',
    sentence: 'The client reset the connection: it was closed on its side without a goodbye.',
    calm: false,
  },
  'network-error': {
    short: 'network failed',
    sentence: 'The client’s network no longer answers.',
    calm: false,
  },
  'http-1.0': {
    short: 'HTTP/1.0',
    sentence: 'The request was HTTP/1.0 and did not ask to keep the connection.',
    calm: true,
  },
  'head-too-large': {
    short: 'head too large',
    sentence: 'The request line or the fields are larger than the limits of this server allow.',
    calm: false,
  },
  'tunnel-timeout': {
    short: 'silent for too long',
    sentence: 'Nothing moved in either direction after the connection had left HTTP.',
    calm: false,
  },
  'client-asked': {
    short: 'as the client asked',
    sentence: 'The request said “Connection: close”.',
    calm: true,
  },
  'reply-asked': {
    short: 'as the reply needed',
    sentence: 'The reply asked for it, or its end can only be told by the end of the connection.',
    calm: true,
  },
  'max-requests': {
    short: 'enough requests',
    sentence: 'This connection has had as many requests as the server allows on one.',
    calm: true,
  },
  'unread-content': {
    short: 'too much unread',
    sentence: 'So much of the request was left unread that a new connection costs less than reading on.',
    calm: true,
  },
  'parse-error': {
    short: 'not valid HTTP',
    sentence: 'The bytes were not valid HTTP, so nobody can say where the next request would begin.',
    calm: false,
  },
  abuse: {
    short: 'cost too much',
    sentence:
      'The client caused far more work than it made use of: requests given up at once, or frames that bring nothing.',
    calm: false,
  },
  'tls-error': {
    short: 'no secure connection',
    sentence: 'Client and server found no way to encrypt the connection, or the client was not let in.',
    calm: false,
  },
  'handshake-timeout': {
    short: 'handshake too slow',
    sentence: 'The two sides did not agree on encryption in time; a silent client may not hold a place for ever.',
    calm: false,
  },
  'proxy-error': {
    short: 'bad PROXY header',
    sentence: 'The proxy in front did not say whom it speaks for, or said it wrongly.',
    calm: false,
  },
  'handler-error': {
    short: 'handler failed',
    sentence: 'The handler failed in the middle of its reply; cutting it short shows the client that it is incomplete.',
    calm: false,
  },
  'keep-alive-timeout': {
    short: 'idle for too long',
    sentence: 'No further request came within the time a connection is kept open for one.',
    calm: true,
  },
  'head-timeout': {
    short: 'request too slow',
    sentence: 'The request head did not come in time; a slow or silent client may not hold a place for ever.',
    calm: false,
  },
  'body-timeout': {
    short: 'upload too slow',
    sentence: 'The content of the request came too slowly.',
    calm: false,
  },
  'write-timeout': {
    short: 'reader too slow',
    sentence: 'The client stopped reading the reply.',
    calm: false,
  },
  'request-timeout': {
    short: 'took too long',
    sentence: 'The request as a whole took longer than the server allows.',
    calm: false,
  },
  overload: {
    short: 'server full',
    sentence: 'The server had no place for another connection and said so.',
    calm: false,
  },
  memory: {
    short: 'memory needed',
    sentence: 'The server held too much for all its clients, and this one stood still with most of it for longest.',
    calm: false,
  },
  shutdown: { short: 'server stops', sentence: 'The server is shutting down.', calm: true },
  upgraded: {
    short: 'left HTTP',
    sentence: 'The connection went over to another protocol, and has ended there.',
    calm: true,
  },
  'server-closed': {
    short: 'server closed',
    sentence: 'The server ended the connection, for a reason that only the server knows.',
    calm: true,
  },
  'server-reset': {
    short: 'server broke off',
    sentence: 'The server reset the connection, for a reason that only the server knows.',
    calm: false,
  },
  'not-recorded': {
    short: 'end not recorded',
    sentence: 'The file does not have the end of this connection.',
    calm: true,
  },
}
