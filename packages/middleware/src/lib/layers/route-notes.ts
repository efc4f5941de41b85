// What a layer tells about its route, for descriptions of it.
import type { BodyKind } from '../http/media-type.ts'
import type { AnyMiddleware } from './types.ts'

/**
 * A schema of any library that implements Standard Schema, reduced to what the compiler needs where routes are registered: as it
 * looks at every route, that is as little as possible.
 */
export interface AnySchema {
  readonly '~standard': object
}

/** The schemas of the parts of a request, from any library that implements Standard Schema. */
export interface Schemas {
  /** The parameters of the path, each a string. */
  readonly params?: AnySchema
  /** The query as fields by name, each a string, or an array of strings if it came more than once. */
  readonly query?: AnySchema
  /** The fields of the head by lower-case name, each a string; those that came more than once are joined by commas. */
  readonly headers?: AnySchema
  /** The cookies by name. */
  readonly cookies?: AnySchema
  /**
   * The content, read as the first of `kinds` that accepts its type. Undefined when there is none, for a schema that
   * allows it to be missing.
   */
  readonly body?: AnySchema
}

/** The content of a reply, where there is more to say about it than its schema. */
export interface GivenContent {
  /** The schema of the value that is sent as JSON. */
  readonly schema?: AnySchema
  /** The media type of content that is not JSON: `text/csv`. */
  readonly type?: string
  /** What the reply means. Default: the reason phrase of the status. */
  readonly description?: string
  /** Example contents by name, for readers of the API's documentation. */
  readonly examples?: Readonly<Record<string, unknown>>
}

/** The replies of a route by status: a schema of what is sent as JSON, `null` for no content, or a fuller description. */
export type Gives = Readonly<Record<number, AnySchema | GivenContent | null>>

/** A way to authenticate, as OpenAPI describes it (OpenAPI 3.1.1 §4.8.27). */
export interface SecurityScheme {
  readonly type: 'http' | 'apiKey' | 'mutualTLS' | 'oauth2' | 'openIdConnect'
  readonly scheme?: string
  readonly bearerFormat?: string
  readonly in?: 'header' | 'query' | 'cookie'
  readonly name?: string
  readonly description?: string
  readonly [other: string]: unknown
}

/** What a layer or contract tells about a route, for tools that list routes. */
export interface RouteNote extends Schemas {
  /** How content is read. Default: JSON. */
  readonly kinds?: readonly BodyKind[]
  readonly gives?: Gives
  /** Example requests by name, for readers of the API's documentation. */
  readonly examples?: Readonly<Record<string, unknown>>
  /** The security schemes that the route requires, all of them, by name. Guards declare theirs themselves. */
  readonly security?: Readonly<Record<string, SecurityScheme>>
  /** What the route takes for a proof and can do without: guards with `optional` tell it themselves. */
  readonly optionalSecurity?: Readonly<Record<string, SecurityScheme>>
  readonly summary?: string
  /** A longer description, which may be Markdown. */
  readonly description?: string
  readonly tags?: readonly string[]
  readonly deprecated?: boolean
  /** A name for use by programs. Default: method and path, `getBooksId`. */
  readonly operationId?: string
}

/** Kept outside the functions, because these are called for every request. */
const notes: WeakMap<AnyMiddleware, readonly RouteNote[]> = /* @__PURE__ */ new WeakMap()

/** Attaches notes to a middleware; it remains the same function. */
export function note<M extends AnyMiddleware>(middleware: M, added: readonly RouteNote[]): M {
  if (added.length > 0) notes.set(middleware, added)
  return middleware
}

/** What a guard tells of the proof that it asks for, or takes where there is one. */
export function proof(schemes: NonNullable<RouteNote['security']>, isOptional: boolean): RouteNote {
  return isOptional ? { optionalSecurity: schemes } : { security: schemes }
}

/** All notes of a list of middleware, the outermost first. */
export function notesOf(middlewares: readonly AnyMiddleware[]): readonly RouteNote[] {
  return middlewares.flatMap((middleware) => notes.get(middleware) ?? [])
}
