import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { BodyKind } from '../http/media-type.ts'
import type { AnyMiddleware } from './types.ts'

/** What a layer tells about the routes behind it, for a listing of them: documentation, not behaviour. */
export interface RouteNote {
  /** What the content of a request must be. */
  readonly body?: StandardSchemaV1
  /** What content is read as. Default: JSON. */
  readonly kinds?: readonly BodyKind[]
  readonly query?: StandardSchemaV1
  readonly params?: StandardSchemaV1
  readonly summary?: string
  /** May be Markdown. */
  readonly description?: string
  readonly tags?: readonly string[]
  readonly deprecated?: boolean
  /** The content of replies by status, or what they mean where they have none. */
  readonly responses?: Readonly<Record<number, StandardSchemaV1 | string>>
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
