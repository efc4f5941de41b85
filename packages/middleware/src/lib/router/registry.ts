// Which router a handler belongs to, so that it can be mounted.
import type { Context, MaybePromise, Result } from '@spillway/core'
import type { AnyMiddleware } from '../layers/types.ts'
import type { Guard } from './guards.ts'
import type { AnyHandler } from './node.ts'
import type { Explanation, RouteInfo, TrailingSlash } from './types.ts'

/** How the path ended that led to the root of a mount. */
export interface MountEnd {
  readonly slash: boolean
  /** What the router around means by a slash there. */
  readonly slashes: TrailingSlash
}

/** What routers know of each other where one is mounted in another. */
export interface KnownRouter {
  /** @param end how the path ended, when all of it was the prefix. */
  dispatch(c: Context, end?: MountEnd): MaybePromise<Result>
  list(): readonly RouteInfo[]
  explain(method: string, path: string, host: string, end?: MountEnd): Explanation
  /** The layers in front of what answers. */
  front(method: string, path: string, host: string, end?: MountEnd): readonly AnyMiddleware[]
  guards(): readonly Guard[]
  /** Tells of guards that are added later. */
  onGuard(told: (guard: Guard) => void): void
}

const routers: WeakMap<AnyHandler, KnownRouter> = /* @__PURE__ */ new WeakMap()

export function register(handler: AnyHandler, known: KnownRouter): void {
  routers.set(handler, known)
}

/** Undefined when a handler is no router. */
export function routerOf(handler: AnyHandler): KnownRouter | undefined {
  return routers.get(handler)
}
