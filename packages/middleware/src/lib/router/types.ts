import type { Context, Handler } from '@spillway/core'
import type { InferRouteParams } from 'rou3'
import type { AnyMiddleware, Ok, StateAfter } from '../types.ts'

/** The parameters of a pattern: `'/users/:id'` gives `{ id: string }`. */
export type ParamsOf<P extends string> = string extends P ? Record<string, string | undefined> : InferRouteParams<P>

/** One route of a listing. */
export interface RouteInfo {
  /** `*` for every method. */
  readonly method: string
  readonly pattern: string
}

/**
 * Registers a handler for one method, optionally with middleware for this route alone.
 * A pattern may be: `/users/:id`, `/users/:id(\\d+)`, `/users/:id?`, `/files/**:path` (one segment or more),
 * `/files/:path*` (any number). The most specific one that matches wins, whatever the order they are registered in.
 */
export interface AddRoute<S, Base extends string, Self> {
  <P extends string>(pattern: P, handler: Handler<Context<ParamsOf<`${Base}${P}`>, S>>): Self
  <P extends string, const Ms extends readonly AnyMiddleware[]>(
    pattern: P,
    middlewares: Ms & Ok<S, Ms>,
    handler: Handler<Context<ParamsOf<`${Base}${P}`>, StateAfter<S, Ms>>>,
  ): Self
}

/** As {@link AddRoute}, for methods given by name, `'PROPFIND'` or `['PUT', 'POST']`; names are case-sensitive. */
export interface AddRouteOn<S, Base extends string, Self> {
  <P extends string>(
    methods: string | readonly string[],
    pattern: P,
    handler: Handler<Context<ParamsOf<`${Base}${P}`>, S>>,
  ): Self
  <P extends string, const Ms extends readonly AnyMiddleware[]>(
    methods: string | readonly string[],
    pattern: P,
    middlewares: Ms & Ok<S, Ms>,
    handler: Handler<Context<ParamsOf<`${Base}${P}`>, StateAfter<S, Ms>>>,
  ): Self
}

/**
 * A node of the tree of routes: patterns below `Base`, behind the middleware of this node and those above it.
 * @typeParam S what the middleware so far has put into `c.state`.
 */
export interface Routes<S = {}, Base extends string = ''> {
  /**
   * Puts middleware around what is registered here and in groups after it; and around the 404, 405 and automatic OPTIONS
   * replies below this node, so that a log sees them and a guard does not tell which paths exist. A group with middleware
   * owns every path below its prefix: a catch-all outside of it, files for example, does not get to see them.
   */
  use<const Ms extends readonly AnyMiddleware[]>(...middlewares: Ms & Ok<S, Ms>): Routes<StateAfter<S, Ms>, Base>
  /** Answers GET, and HEAD unless the pattern has a route of its own for it (RFC 9110 §9.3.2). */
  readonly get: AddRoute<S, Base, this>
  readonly post: AddRoute<S, Base, this>
  readonly put: AddRoute<S, Base, this>
  readonly patch: AddRoute<S, Base, this>
  readonly delete: AddRoute<S, Base, this>
  readonly head: AddRoute<S, Base, this>
  /** Answers OPTIONS in place of the automatic 204 with `Allow`. */
  readonly options: AddRoute<S, Base, this>
  readonly on: AddRouteOn<S, Base, this>
  /** Answers every method; a route of one method for the same pattern goes first. */
  readonly all: AddRoute<S, Base, this>
  /**
   * Adds a node below this one: `build` registers routes whose patterns continue `prefix`, with middleware of their own.
   * A guard given there with `use` stands in front of every one of them; no spelling of the path walks around it.
   */
  group<P extends string>(prefix: P, build: (routes: Routes<S, `${Base}${P}`>) => unknown): this
  /** Every route of the whole tree, in order of registration; without the automatic ones. */
  routes(): readonly RouteInfo[]
}

/** The root of a tree of routes, which is also the handler that answers with them: `serve(router().get(…))`. */
export interface Router<S = {}> extends Routes<S>, Handler {
  use<const Ms extends readonly AnyMiddleware[]>(...middlewares: Ms & Ok<S, Ms>): Router<StateAfter<S, Ms>>
}
