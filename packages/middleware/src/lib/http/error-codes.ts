// The codes of errors that middleware answers with, beside those of core; core's table has the same form.

/** Each code with its status. Codes are only ever added; docs/error-codes.md lists those of all packages. */
export interface MiddlewareErrorCodes {
  /** There is nothing in a media type that the client takes. */
  NOT_ACCEPTABLE: 406
  /** The content is missing where one is needed. */
  CONTENT_MISSING: 400
  /** The content is no form with files, or of no type that is read here. */
  TYPE_UNSUPPORTED: 415
  /** The content is in a charset that is not read here. */
  CHARSET_UNSUPPORTED: 415
  /** The content is not in the charset that its Content-Type says. */
  CHARSET_INVALID: 400
  /** The content has a coding, or several, that are not decoded here. */
  CONTENT_CODING_UNSUPPORTED: 415
  /** The content is not what its Content-Encoding says. */
  CONTENT_CODING_INVALID: 400
  /** The form has more fields than the limit. */
  TOO_MANY_FORM_FIELDS: 400
  /** The form has a field of a name that no form has. */
  FORM_INVALID: 400
  /** What `validate` was given does not fit its schema: 422 for the content, 400 for path and query. */
  INVALID: 400 | 422
  /** The parts of a form with files are not divided as RFC 7578 says, or have no name. */
  MULTIPART_INVALID: 400
  /** The head of a part is larger than the limit. */
  PART_HEAD_TOO_LARGE: 413
  /** A page of another origin sent what only pages of this one may send. */
  CROSS_ORIGIN: 403
  /** The address of the client is not allowed. */
  ADDRESS_REFUSED: 403
  /** What a trusted proxy says of the client cannot be read. */
  FORWARDED_MALFORMED: 400
  /** The Authorization field is not one with a bearer token (RFC 6750 §3.1). */
  INVALID_REQUEST: 400
  /** The bearer token is not valid (RFC 6750 §3.1). */
  INVALID_TOKEN: 401
  /** The bearer token was valid, and has expired. */
  TOKEN_EXPIRED: 401
  /** The client has used up its quota. */
  RATE_LIMITED: 429
  /** The store of quotas is away, and `whenAway` is `closed`. */
  RATE_LIMIT_UNAVAILABLE: 503
  /** The store of sessions is away, and `whenAway` is `closed`. */
  SESSIONS_UNAVAILABLE: 503
  /** There is more to do than `loadShed` lets in. */
  OVERLOADED: 503
  /** The work took longer than `timeout` lets it. */
  TIMEOUT: 503 | 504
  /** No connection to the upstream server: it refused, could not be reached, or its TLS handshake failed. */
  UPSTREAM_UNREACHABLE: 502
  /** The connection to the upstream server did not come about in time. */
  UPSTREAM_CONNECT_TIMEOUT: 504
  /** The upstream server ended the connection before the head of its response was complete. */
  UPSTREAM_CLOSED: 502
  /** The response of the upstream server did not come in time. */
  UPSTREAM_TIMEOUT: 504
  /** What the upstream server sent is no HTTP response, or an ambiguous one. */
  UPSTREAM_INVALID: 502
  /** The content of the upstream server's response ended early. */
  UPSTREAM_CUT: 502
  /** All connections to the upstream servers are taken, and so are the places to wait for one. */
  UPSTREAM_BUSY: 503
  /** What a script or application answered is no valid reply (RFC 3875 §6). */
  SCRIPT_REPLY_INVALID: 502
}

/** A code of middleware, or one of somebody else's. */
export type MiddlewareErrorCode = keyof MiddlewareErrorCodes | (string & {})
