// Problem details (RFC 9457): how every refusal of this package can be told.
import { type Context, HttpError, Reply, abortedIn, errorFacts, printFailure } from '@spillway/core'
import { reasonPhrase } from '@spillway/parser/serialize'
import type { MiddlewareErrorCode } from './error-codes.ts'

/** The members of a problem (RFC 9457 §3.1); any others are extensions (§3.2). */
export interface ProblemDetails {
  /** A URI for this kind of problem. Default: none, which means that the status says everything (`about:blank`). */
  readonly type?: string
  /** The kind of problem in a few words. Default: the reason phrase of the status. */
  readonly title?: string
  /** What went wrong this time, for the client to read. */
  readonly detail?: string
  readonly instance?: string
  readonly [extension: string]: unknown
}

/** An error whose reply is a problem; core answers with its status and `detail`, {@link problems} with all of its members. */
export class ProblemError extends HttpError {
  readonly problem: ProblemDetails

  /** @param code stable and machine-readable; becomes the extension `code`. @throws RangeError when `status` is not an error status. */
  constructor(status: number, code: MiddlewareErrorCode, details: ProblemDetails, cause?: unknown) {
    super(status, details.detail, { code, ...(cause !== undefined && { cause }) })
    this.problem = details
  }
}

/** A problem as it is sent, with the defaults filled in. */
export interface Problem extends ProblemDetails {
  readonly title: string
  readonly status: number
}

/** A reply that refuses, with its problem, so that a layer in front can send it in another format. */
export class Refusal extends Reply {
  readonly problem: Problem

  constructor(told: Problem, content: string, type: string) {
    super(content, { status: told.status, headers: { 'Content-Type': type } })
    this.problem = told
  }
}

/**
 * A reply with `application/problem+json` (RFC 9457). `status` also becomes its member.
 * @throws TypeError when the details cannot be written as JSON.
 */
export function problem(status: number, details: ProblemDetails = {}): Refusal {
  const { type, title = reasonPhrase(status), ...rest } = details
  return written({ ...(type !== undefined && { type }), title, status, ...rest })
}

/** A problem as a reply. */
export function written(told: Problem): Refusal {
  return new Refusal(told, JSON.stringify(told), problemJson)
}

const problemJson = 'application/problem+json'

/** A refusal whose status says everything: plain text, unless `problems` is in front. */
export function refused(status: number): Refusal {
  const title = reasonPhrase(status)
  return new Refusal({ title, status }, title, 'text/plain; charset=utf-8')
}

/** Whether a refusal already contains its problem. */
export function isWritten(reply: Refusal): boolean {
  return reply.headers.get('Content-Type') === problemJson
}

/**
 * The problem that an error stands for: its status and fields, and of an error that may be shown its message as `detail`,
 * its `code`, and what else a {@link ProblemError} says. Whatever has no error status is a 500 without details.
 * @param c of whose request it is an error, as `onError` of a server or a router is told: then what is an error of the server is
 * printed as well, for nobody else will hear of it.
 */
export function problemOf(error: unknown, c?: Context<any, any> | null): Refusal {
  const { status, text, headers } = errorFacts(error)
  if (c !== undefined && status >= 500 && !abortedIn(error)) printFailure(error, c)
  const reply = problem(status, text === undefined ? {} : { detail: text, ...extensionsOf(error as object) })
  for (const [name, value] of headers ?? []) reply.headers.append(name, value)
  return reply
}

function extensionsOf({ code, problem: details }: Partial<ProblemError>): ProblemDetails {
  return { ...(typeof code === 'string' && { code }), ...details }
}
