// The types of a client for a router's routes.
import type { BodyKind } from '../http/media-type.ts'
import type { ProblemDetails } from '../http/problem.ts'
import type { AnySchema, Gives } from '../layers/route-notes.ts'
import type { ParamsOf } from '../patterns/params-of.ts'
import type { ContentOf, InputOf, ServedBy } from './types.ts'

/**
 * The calls to the routes of a router, by its type: `client<typeof app>(url)`. A route is named by its pattern and called by its
 * method: `api('/books/:id').get({ params: { id: 7 } })`.
 */
export type Client<App> = <P extends keyof Calls<ServedBy<App>>>(pattern: P) => Calls<ServedBy<App>>[P]

/** The existing calls, by pattern. The types of a route are computed only when its pattern is used somewhere. */
type Calls<Served> = {
  readonly [P in PathsIn<Served> & string]: {
    readonly [M in keyof Served & Method as P extends keyof Served[M] ? Lowercase<M> : never]: Call<
      P,
      Served[M][P & keyof Served[M]]
    >
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

type PathsIn<Served> = { [M in keyof Served]: keyof Served[M] }[keyof Served & Method]

/**
 * Sends a request to a route, and resolves with its reply whatever its status.
 * @throws TypeError for a parameter that is missing or cannot be part of a path; whatever `fetch` throws, and SyntaxError for malformed
 * JSON.
 */
export type Call<P extends string, C> = (
  ...init: {} extends CallInit<P, C> ? [init?: CallInit<P, C>] : [init: CallInit<P, C>]
) => Promise<Answer<C>>

/** What a call sends, for the parts that the route takes. */
export type CallInit<P extends string, C> = ParamsPart<P, C> & QueryPart<C> & HeadersPart<C> & BodyPart<C> & Always

interface Always {
  /** Aborts the call. */
  readonly signal?: AbortSignal
}

type ParamsPart<P extends string, C> = keyof ParamsOf<P> extends never
  ? {}
  : C extends { readonly params: infer S extends AnySchema }
    ? { readonly params: InputOf<S> }
    : OptionalWhenEmpty<'params', FillParams<ParamsOf<P>>>

type FillParams<Params> = {
  readonly [N in keyof Params as undefined extends Params[N] ? never : N]: string | number
} & { readonly [N in keyof Params as undefined extends Params[N] ? N : never]?: string | number | undefined }

type QueryPart<C> = C extends { readonly query: infer S extends AnySchema }
  ? OptionalWhenEmpty<'query', InputOf<S>>
  : { readonly query?: Readonly<Record<string, unknown>> }

type HeadersPart<C> = C extends { readonly headers: infer S extends AnySchema }
  ? OptionalWhenEmpty<'headers', InputOf<S>>
  : { readonly headers?: Readonly<Record<string, string>> }

/** Content is sent as JSON if the route takes that, otherwise in the form that `as` names. */
type BodyPart<C> = C extends { readonly body: infer S extends AnySchema }
  ? C extends { readonly kinds: readonly (infer K extends BodyKind)[] }
    ? 'json' extends K
      ? OptionalWhenMissing<InputOf<S>> & { readonly as?: K }
      : OptionalWhenMissing<InputOf<S>> & { readonly as: K }
    : OptionalWhenMissing<InputOf<S>>
  : { readonly body?: unknown; readonly as?: BodyKind }

type OptionalWhenEmpty<Name extends string, V> = {} extends V
  ? { readonly [N in Name]?: V }
  : { readonly [N in Name]: V }

type OptionalWhenMissing<V> = undefined extends V ? { readonly body?: V } : { readonly body: V }

/** A reply: the type of `body` follows from `status`. */
export type Answer<C> = C extends { readonly gives: infer G extends Gives }
  ? AnswerGiven<G> | Refused<Exclude<RefusalStatus, keyof G>>
  : Received<number, boolean, unknown>

type AnswerGiven<G extends Gives> = {
  readonly [S in keyof G & number]: S extends OkStatus
    ? Received<S, true, Sent<ContentOf<G[S]>, G[S]>>
    : Received<S, false, SentRefusal<ContentOf<G[S]>, G[S]>>
}[keyof G & number]

/** If the contract says nothing about the content, or that it is text, a refusal may also come from elsewhere. */
type SentRefusal<Content, G> = G extends { readonly schema: unknown } | AnySchema
  ? Json<Content>
  : ProblemDetails | null

/** A refusal that the contract does not name: a problem, whoever refused. */
type Refused<S extends number> = S extends number ? Received<S, false, ProblemDetails> : never

interface Received<Status, Ok, Body> {
  readonly status: Status
  /** Whether the status is 2xx. */
  readonly ok: Ok
  readonly headers: Headers
  /** JSON is parsed, text is a string, anything else a `Blob`; null when there is no content. */
  readonly body: Body
}

type Sent<Content, G> = G extends { readonly schema: unknown } | AnySchema
  ? Json<Content>
  : G extends { readonly type: infer T }
    ? T extends `text/${string}`
      ? string
      : Blob
    : null

/** The type of a value after it was written as JSON and parsed again. */
export type Json<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends { toJSON(): infer R }
    ? Json<R>
    : T extends (...args: never) => unknown
      ? never
      : T extends object
        ? { [K in keyof T]: Json<T[K]> }
        : T

type OkStatus = 200 | 201 | 202 | 203 | 204 | 205 | 206 | 207 | 208 | 226
type RefusalStatus =
  | 400
  | 401
  | 402
  | 403
  | 404
  | 405
  | 406
  | 408
  | 409
  | 410
  | 411
  | 412
  | 413
  | 414
  | 415
  | 416
  | 417
  | 418
  | 421
  | 422
  | 423
  | 424
  | 425
  | 426
  | 428
  | 429
  | 431
  | 451
  | 500
  | 501
  | 502
  | 503
  | 504
  | 505
  | 507
  | 508
  | 511
