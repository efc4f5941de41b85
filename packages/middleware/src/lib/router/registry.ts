// Which router a handler belongs to, so that it can be mounted.
import type { Context, MaybePromise, Result } from '@spillway/core'
import type { AnyMiddleware } from '../layers/types.ts'
import type { Guard } from './guards.ts'
import type { AnyHandler } from './node.ts'
import type { Explanation, RouteInfo, TrailingSlash } from './types.ts'

/** How a path that leads to the root of a mount ended. */
export interface MountEnd {
  readonly slash: boolean
  /** What the enclosing router means by a slash there. */
  readonly slashes: TrailingSlash
}

/** What routers need to know about each other when one is mounted in another. */
export interface KnownRouter {
  /** @param end how the path ended, if all of it was the prefix. */
  dispatch(c: Context, end?: MountEnd): MaybePromise<Result>
  list(): readonly RouteInfo[]
  explain(method: string, path: string, host: string, end?: MountEnd): Explanation
  /** The layers in front of whatever answers. */
  front(method: string, path: string, host: string, end?: MountEnd): readonly AnyMiddleware[]
  guards(): readonly Guard[]
  /** Calls back for guards that are added later. */
  onGuard(told: (guard: Guard) => void): void
}

const routers: WeakMap<AnyHandler, KnownRouter> = /* @__PURE__ */ new WeakMap()

export function register(handler: AnyHandler, known: KnownRouter): void {
  routers.set(handler, known)
}

/** Undefined when a handler is not a router. */
export function routerOf(handler: AnyHandler): KnownRouter | undefined {
  return routers.get(handler)
}
