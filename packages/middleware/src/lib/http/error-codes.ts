// The codes of errors that middleware answers with, in addition to core's; core's table has the same form.

/** Each code with its status. Codes are only ever added; docs/error-codes.md lists those of all packages. */
export interface MiddlewareErrorCodes {
  /** The client accepts none of the available media types. */
  NOT_ACCEPTABLE: 406
  /** The content is missing although it is required. */
  CONTENT_MISSING: 400
  /** The content is in an unsupported charset. */
  CHARSET_UNSUPPORTED: 415
  /** The content is not valid in the charset that its Content-Type declares. */
  CHARSET_INVALID: 400
  /** The content has an unsupported coding, or more than one coding. */
  CONTENT_CODING_UNSUPPORTED: 415
  /** The content does not match its Content-Encoding. */
  CONTENT_CODING_INVALID: 400
  /** The form has more fields than the limit. */
  TOO_MANY_FORM_FIELDS: 400
  /** The form has a field with a forbidden name, such as `__proto__`. */
  FORM_INVALID: 400
  /** The request does not match the schema given to `validate`: 422 for the content, 400 for the other parts. */
  INVALID: 400 | 422
  /** The head of a part is larger than the limit. */
  PART_HEAD_TOO_LARGE: 413
  /** A page of another origin sent a request that only pages of this origin may send. */
  CROSS_ORIGIN: 403
  /** The address of the client is not allowed. */
  ADDRESS_REFUSED: 403
  /** What a trusted proxy says about the client cannot be parsed. */
  FORWARDED_MALFORMED: 400
  /** The Authorization field does not contain a bearer token (RFC 6750 §3.1). */
  INVALID_REQUEST: 400
  /** The bearer token is not valid (RFC 6750 §3.1). */
  INVALID_TOKEN: 401
  /** The bearer token was valid but has expired. */
  TOKEN_EXPIRED: 401
  /** The client has used up its quota. */
  RATE_LIMITED: 429
  /** The store of quotas is unavailable, and `whenAway` is `closed`. */
  RATE_LIMIT_UNAVAILABLE: 503
  /** The store of sessions is unavailable, and `whenAway` is `closed`. */
  SESSIONS_UNAVAILABLE: 503
  /** The server has more to do than `loadShed` allows. */
  OVERLOADED: 503
  /** The work took longer than `timeout` allows. */
  TIMEOUT: 503 | 504
  /** No connection to the upstream server: it refused, could not be reached, or its TLS handshake failed. */
  UPSTREAM_UNREACHABLE: 502
  /** The connection to the upstream server was not established in time. */
  UPSTREAM_CONNECT_TIMEOUT: 504
  /** The upstream server ended the connection before the head of its response was complete. */
  UPSTREAM_CLOSED: 502
  /** The response of the upstream server did not come in time. */
  UPSTREAM_TIMEOUT: 504
  /** What the upstream server sent is not an HTTP response, or an ambiguous one. */
  UPSTREAM_INVALID: 502
  /** The content of the upstream server's response ended early. */
  UPSTREAM_CUT: 502
  /** All connections to the upstream servers are in use, and the queue for them is full. */
  UPSTREAM_BUSY: 503
  /** What a script or application answered is not a valid reply (RFC 3875 §6). */
  SCRIPT_REPLY_INVALID: 502
}

/** A code of middleware, or one defined elsewhere. */
export type MiddlewareErrorCode = keyof MiddlewareErrorCodes | (string & {})
