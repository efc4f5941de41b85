// What a layer says of its route, for descriptions of it.
import type { BodyKind } from '../http/media-type.ts'
import type { AnyMiddleware } from './types.ts'

/**
 * A schema of any library that speaks Standard Schema, as far as the compiler looks at it where routes are registered: it looks
 * at every one, so that is as little as possible.
 */
export interface AnySchema {
  readonly '~standard': object
}

/** What the parts of a request must be: a schema of any library that speaks Standard Schema for each. */
export interface Schemas {
  /** The parameters of the path, each a text. */
  readonly params?: AnySchema
  /** The query as fields by name, each a text, or a list of texts when it came more than once. */
  readonly query?: AnySchema
  /** The fields of the head by name in lower case, each a text; of one that came more than once, joined by commas. */
  readonly headers?: AnySchema
  /** The cookies by name. */
  readonly cookies?: AnySchema
  /**
   * The content, as the first of `kinds` reads it that takes its type. When there is none it is undefined, for a schema that
   * lets it be missing.
   */
  readonly body?: AnySchema
}

/** The content of a reply, where there is more to say of it than its schema. */
export interface GivenContent {
  /** What the value is that is sent as JSON, when it has been read again. */
  readonly schema?: AnySchema
  /** The media type of content that is no JSON: `text/csv`. */
  readonly type?: string
  /** What the reply means. Default: the reason phrase of the status. */
  readonly description?: string
  /** Contents by name, as a reader of the API should see them. */
  readonly examples?: Readonly<Record<string, unknown>>
}

/** The replies of a route by status: a schema of what is sent as JSON, `null` for no content, or more in words. */
export type Gives = Readonly<Record<number, AnySchema | GivenContent | null>>

/** A way to prove who one is, as OpenAPI describes it (OpenAPI 3.1.1 §4.8.27). */
export interface SecurityScheme {
  readonly type: 'http' | 'apiKey' | 'mutualTLS' | 'oauth2' | 'openIdConnect'
  readonly scheme?: string
  readonly bearerFormat?: string
  readonly in?: 'header' | 'query' | 'cookie'
  readonly name?: string
  readonly description?: string
  readonly [other: string]: unknown
}

/** What a layer or contract tells about a route, for whoever lists them. */
export interface RouteNote extends Schemas {
  /** What content is read as. Default: JSON. */
  readonly kinds?: readonly BodyKind[]
  readonly gives?: Gives
  /** Contents of requests by name, as a reader of the API should see them. */
  readonly examples?: Readonly<Record<string, unknown>>
  /** What the route asks for, by a name for each scheme; all of them. Guards tell it themselves. */
  readonly security?: Readonly<Record<string, SecurityScheme>>
  readonly summary?: string
  /** May be Markdown. */
  readonly description?: string
  readonly tags?: readonly string[]
  readonly deprecated?: boolean
  /** A name for programs. Default: method and path, `getBooksId`. */
  readonly operationId?: string
}

/** Kept outside of the functions, for these are called for every request. */
const notes: WeakMap<AnyMiddleware, readonly RouteNote[]> = /* @__PURE__ */ new WeakMap()

/** Gives a middleware notes; it stays the function it was. */
export function note<M extends AnyMiddleware>(middleware: M, added: readonly RouteNote[]): M {
  if (added.length > 0) notes.set(middleware, added)
  return middleware
}

/** All notes of a list of middleware, the outermost first. */
export function notesOf(middlewares: readonly AnyMiddleware[]): readonly RouteNote[] {
  return middlewares.flatMap((middleware) => notes.get(middleware) ?? [])
}
