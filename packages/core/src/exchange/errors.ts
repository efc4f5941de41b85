// Errors that are answers, the ends of exchanges, and what may be revealed about an error.
import type { ErrorCode } from './error-codes.ts'
import { kindOf } from './guarded.ts'
import { type Rules, anything, optional, readOptions, flag, text } from './read-options.ts'
import { ReplyHeaders } from './reply-headers.ts'

/** Options of {@link HttpError}. */
export interface HttpErrorOptions extends ErrorOptions {
  /** Stable machine-readable code. Default: `HTTP_<status>`. */
  readonly code?: ErrorCode
  /** Whether the message may be shown to the client. Default: true below 500. */
  readonly expose?: boolean
}

export const errorRules: Rules<HttpErrorOptions> = {
  code: optional(text('', /./)),
  expose: optional(flag()),
  cause: anything(),
}

const none: HttpErrorOptions = {}

/**
 * An error that is also an answer: thrown by a handler or by core, it becomes a reply with this status.
 * Recognized by shape (`status` and `expose`), so two copies of this package understand each other.
 */
export class HttpError extends Error {
  override readonly name: string = 'HttpError'
  readonly status: number
  readonly code: ErrorCode
  /** Whether `message` is sent to the client; otherwise the client sees the reason phrase only. */
  readonly expose: boolean
  /** Fields added to the error reply, such as `Retry-After`. */
  readonly headers: ReplyHeaders = new ReplyHeaders()

  /**
   * @throws TypeError when status is not a number or message not text, and for options of another name or kind; RangeError when status is
   * not that of an error (400–599).
   */
  constructor(status: number, message?: string, options?: HttpErrorOptions) {
    if (typeof status !== 'number') throw new TypeError(`A status is a number, not ${kindOf(status)}`)
    if (!isErrorStatus(status)) throw new RangeError(`The status of an error is from 400 to 599, not ${status}`)
    if (message !== undefined && typeof message !== 'string')
      throw new TypeError(`The message of an error is text, not ${kindOf(message)}`)
    const { code, expose } = options === undefined ? none : readOptions(errorRules, options)
    super(message ?? `HTTP ${status}`, options)
    this.status = status
    this.code = code ?? `HTTP_${status}`
    this.expose = expose ?? (message !== undefined && status < 500)
  }
}

/** Who ended an exchange that did not complete. */
export type AbortedBy = 'peer' | 'timeout' | 'handler' | 'shutdown' | 'memory'

/**
 * What became of an exchange. `status` is the reply's, 0 when none had begun; `bytes` counts what was passed to the
 * socket for it, including head and framing. Over HTTP/2, and behind other servers, it is only the content: the size of heads and
 * frames is not known there.
 */
export type Outcome =
  | { readonly kind: 'sent'; readonly status: number; readonly bytes: number }
  | {
      readonly kind: 'aborted'
      readonly by: AbortedBy
      readonly status: number
      readonly bytes: number
      readonly error?: unknown
    }

/** The reason of a context's `signal`, and the error of a body that will never be complete. */
export class AbortedError extends Error {
  override readonly name: string = 'AbortError'
  readonly by: AbortedBy
  /** If a handler lets this error through, the answer is 400 (client gone in mid-body), 408 (too slow) or 503 (shutdown). */
  readonly status: number
  readonly expose: boolean = true
  readonly code: string

  constructor(by: AbortedBy, message: string) {
    super(message)
    this.by = by
    this.status = abortStatus[by]
    this.code = `ABORTED_BY_${by.toUpperCase()}`
  }
}

/**
 * The {@link AbortedError} that an error is, or that it stands for: what Node's own functions take as `signal` they do not throw as it is,
 * but as the cause of an `AbortError` of theirs. Undefined for any other error.
 */
export function abortedIn(error: unknown): AbortedError | undefined {
  // Inspecting it may run foreign code.
  try {
    if (error instanceof AbortedError) return error
    const { name, cause } = error as Error
    return name === 'AbortError' && cause instanceof AbortedError ? cause : undefined
  } catch {
    return undefined
  }
}

/** The error for content that is read too late. */
export function unreadContent(): AbortedError {
  return new AbortedError('handler', 'The reply was sent before the content was read')
}

const abortStatus: Readonly<Record<AbortedBy, number>> = {
  peer: 400,
  timeout: 408,
  handler: 500,
  shutdown: 503,
  memory: 503,
}

/** What an error says about its reply: the status, and the text that the client may see. */
export interface ErrorFacts {
  readonly status: number
  readonly text: string | undefined
  readonly headers: ReplyHeaders | undefined
  /** Its message in one line, if it was thrown on purpose to be an answer. */
  readonly made: string | undefined
  readonly cause: unknown
}

const nothing: ErrorFacts = { status: 500, text: undefined, headers: undefined, made: undefined, cause: undefined }

function isErrorStatus(status: number): boolean {
  return Number.isInteger(status) && status >= 400 && status <= 599
}

/** Derives the reply from anything thrown: its shape counts, not its class, and anything without an error status is a 500. */
export function errorFacts(error: unknown): ErrorFacts {
  if (typeof error !== 'object' || error === null) return nothing
  try {
    const { status, message, expose, headers, cause } = error as Partial<HttpError>
    if (typeof status !== 'number' || !isErrorStatus(status)) return nothing
    return {
      status,
      text: expose === true ? message : undefined,
      headers: headers instanceof ReplyHeaders ? headers : undefined,
      made: typeof expose === 'boolean' ? `${status} ${message}` : undefined,
      cause,
    }
  } catch {
    // Its properties may be getters that throw.
    return nothing
  }
}

/** The message of the reason of `c.signal`. */
export const abortMessage: Readonly<Record<AbortedBy, string>> = {
  peer: 'The client is gone',
  timeout: 'The client was too slow',
  handler: 'The handler failed',
  shutdown: 'The server is shutting down',
  memory: 'The memory that was held for this client is needed for others',
}
