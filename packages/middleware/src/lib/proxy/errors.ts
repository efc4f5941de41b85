// The ways in which upstream servers fail, and what a client is told.
import { HttpError } from '@spillway/core'

/** The way in which an exchange with an upstream server failed. */
export type FailureKind =
  /** No connection: refused, unreachable, or the TLS handshake failed. No byte of the request was sent. */
  | 'connect'
  /** The connection was not established in time. */
  | 'connect-timeout'
  /** The connection ended before the head of the response was complete. */
  | 'closed'
  /** The head of the response, or its content, did not come in time. */
  | 'timeout'
  /** What came is not an HTTP response, or an ambiguous one. */
  | 'invalid'
  /** The content of the response ended early. */
  | 'cut'
  /** All connections are in use, and the queue for them is full. */
  | 'busy'

const facts: Readonly<Record<FailureKind, readonly [status: number, code: string]>> = {
  connect: [502, 'UPSTREAM_UNREACHABLE'],
  'connect-timeout': [504, 'UPSTREAM_CONNECT_TIMEOUT'],
  closed: [502, 'UPSTREAM_CLOSED'],
  timeout: [504, 'UPSTREAM_TIMEOUT'],
  invalid: [502, 'UPSTREAM_INVALID'],
  cut: [502, 'UPSTREAM_CUT'],
  busy: [503, 'UPSTREAM_BUSY'],
}

/** A failed exchange with an upstream server; the client gets 502, 503 or 504 and no further details. */
export class UpstreamError extends HttpError {
  readonly kind: FailureKind
  /** The URL of the upstream server. */
  readonly upstream: string
  /** @internal The connection had been kept open, and the server may have closed it just as the request was sent. */
  stale: boolean = false
  /** @internal The server says that it has not begun to work on the request (RFC 9113 §8.7). */
  untouched: boolean = false

  constructor(kind: FailureKind, upstream: string, message: string, cause?: unknown) {
    const [status, code] = facts[kind]
    super(status, `${upstream}: ${message}`, { code, expose: false, ...(cause !== undefined && { cause }) })
    this.kind = kind
    this.upstream = upstream
    if (kind === 'busy') this.headers.set('Retry-After', '1')
  }
}
