// The types of routers: parameters by their patterns, and state by the layers in front.
import type { Context, Handler, MaybePromise, Result } from '@spillway/core'
import type { WriteOptions } from '../contract/give.ts'
import type { Fits, Front, HandlerBehind, Join, Known, Serves, ServesAs, ServesBelow } from '../contract/types.ts'
import type { RouteNote } from '../layers/route-notes.ts'
import type { AnyMiddleware, Ok, StateAfter } from '../layers/types.ts'
import type { ParamsOf, PatternLike } from '../patterns/params-of.ts'

/** One route of a listing. */
export interface RouteInfo {
  /** `*` for every method. */
  readonly method: string
  readonly pattern: string
  /** The host it is for; absent for the routes of every other host. */
  readonly host?: string
  /** What the layers in front of it tell, `validate` its schemas; absent when they tell nothing. */
  readonly notes?: readonly RouteNote[]
  /** The names of the functions that stand in front of it, the outermost first; absent when there are none. */
  readonly layers?: readonly string[]
}

/** What a router makes of a request, and why. */
export interface Explanation {
  /** The path in the form that routes are found by; undefined when it has none. */
  readonly path: string | undefined
  /** Every route that the request matches, the most specific one first; the first one answers. */
  readonly routes: readonly ExplainedRoute[]
  /**
   * The status of the router's own reply when no route answers: 204, 308, 400, 404 or 405, unless `notFound` or a layer says
   * something else.
   */
  readonly status?: number
  /** The layers in front of the reply, the outermost first, whether a route makes it or the router. */
  readonly layers: readonly string[]
}

/** One of the routes that compete for a request. */
export interface ExplainedRoute extends RouteInfo {
  /** The file and line it was registered at, as far as the runtime tells. */
  readonly at: string
}

/** What a slash at the end of a path means. */
export type TrailingSlash = 'ignore' | 'redirect' | 'strict'

/** Options of `router`. Those for writing JSON are for what `give` is given by handlers with a contract. */
export interface RouterOptions extends WriteOptions {
  /**
   * A path that differs from a route's pattern by the slash at its end alone is the same (`ignore`), is sent to the
   * pattern's form with 308, query kept (`redirect`), or is another path that has no route (`strict`).
   * A pattern is registered in one form only. Default: `ignore`, which breaks no link.
   */
  readonly trailingSlash?: TrailingSlash
}

/**
 * Registers a handler for one method, optionally with middleware for this route alone, or with a contract: what it takes and
 * gives. A handler behind a contract that says what it gives answers with its second argument, `give(status, content)`.
 * A pattern may be: `/users/:id`, `/users/:id(\\d+)`, `/users/:id?`, `/files/**:path` (one segment or more),
 * `/files/:path*` (any number). The most specific one that matches wins, whatever the order they are registered in.
 */
export interface AddRoute<Method extends string, S, Base extends string, Self> {
  <P extends string>(
    pattern: P & PatternLike<P>,
    handler: Handler<Context<ParamsOf<`${Base}${P}`>, S>>,
  ): Self & Serves<Method, Join<Base, P>, {}>
  <P extends string, const F extends Front>(
    pattern: P & PatternLike<P>,
    front: F & Fits<S, F>,
    handler: HandlerBehind<`${Base}${P}`, S, Known<F>>,
  ): Self & Serves<Method, Join<Base, P>, F>
}

/** As {@link AddRoute}, for methods given by name, `'PROPFIND'` or `['PUT', 'POST']`; names are case-sensitive. */
export interface AddRouteOn<S, Base extends string, Self> {
  <P extends string, const Method extends string>(
    methods: Method | readonly Method[],
    pattern: P & PatternLike<P>,
    handler: Handler<Context<ParamsOf<`${Base}${P}`>, S>>,
  ): Self & Serves<Method, Join<Base, P>, {}>
  <P extends string, const Method extends string, const F extends Front>(
    methods: Method | readonly Method[],
    pattern: P & PatternLike<P>,
    front: F & Fits<S, F>,
    handler: HandlerBehind<`${Base}${P}`, S, Known<F>>,
  ): Self & Serves<Method, Join<Base, P>, F>
}

/**
 * A node of the tree of routes: patterns below `Base`, behind the middleware of this node and those above it.
 * @typeParam S what the middleware so far has put into `c.state`.
 */
export interface Routes<S = {}, Base extends string = ''> {
  /**
   * Puts middleware around what is registered here and in groups after it; and around the 404, 405 and automatic OPTIONS
   * replies below this node, so that a log sees them and a guard does not tell which paths exist. A group with middleware
   * owns every path below its prefix: a wider pattern outside of it, files for example, does not get to see them, and one
   * that would is refused unless {@link bypass} names the group.
   */
  use<const Ms extends readonly AnyMiddleware[]>(
    ...middlewares: Ms & Ok<S, Ms>
  ): Routes<StateAfter<S, Ms>, Base> & ServesAs<this>
  /** Answers GET, and HEAD unless the pattern has a route of its own for it (RFC 9110 §9.3.2). */
  readonly get: AddRoute<'GET', S, Base, this>
  readonly post: AddRoute<'POST', S, Base, this>
  readonly put: AddRoute<'PUT', S, Base, this>
  readonly patch: AddRoute<'PATCH', S, Base, this>
  readonly delete: AddRoute<'DELETE', S, Base, this>
  readonly head: AddRoute<'HEAD', S, Base, this>
  /** Answers OPTIONS in place of the automatic 204 with `Allow`. */
  readonly options: AddRoute<'OPTIONS', S, Base, this>
  readonly on: AddRouteOn<S, Base, this>
  /** Answers every method; a route of one method for the same pattern goes first. */
  readonly all: AddRoute<'*', S, Base, this>
  /**
   * Adds a node below this one: `build` registers routes whose patterns continue `prefix`, with middleware of their own.
   * A guard given there with `use` stands in front of every one of them; no spelling of the path walks around it.
   */
  group<P extends string, R>(
    prefix: P & PatternLike<P>,
    build: (routes: Routes<S, `${Base}${NoInfer<P>}`>) => R,
  ): this & ServesAs<R>
  /**
   * Hands everything at or below `prefix`, every method of it, to another router or handler, behind the middleware so far.
   * It sees `c.path` without the prefix, which is in `c.base`, until it has made its reply. The prefix ends between
   * segments: `/api` does not take `/apis`. A more specific route goes first, unless what is mounted has layers (`wrap`, or a
   * router with `use`): then every path below is its own, as for a group.
   */
  mount<P extends string, H extends Handler<Context<ParamsOf<`${Base}${P}`>, S>>>(
    prefix: P & PatternLike<P>,
    handler: H,
  ): this & ServesBelow<Join<Base, P>, H>
  /** Replies in place of the 404 to paths at or below this node that no route takes; the nearest one upwards counts. */
  notFound(handler: Handler<Context<{}, S>>): this
  /**
   * Answers for errors of everything at or below this node, whenever it was registered: of handlers, and of middleware here and
   * in groups. Fields that middleware in front has to say are added, as they are to core's replies. With nothing returned the next
   * node upwards is asked, the router around a mount, and then `onError` of the server. What it throws goes to the latter. An
   * exchange that was cut is nobody's to answer. One handler a node; the last one counts.
   * @param handler gets what was thrown, whatever it is; the state may lack what middleware has not come to add.
   */
  onError(handler: (error: unknown, c: Context<{}, Partial<S>>) => MaybePromise<Result | undefined | void>): this
  /**
   * Registers routes that may take paths from the groups and mounts with these prefixes, which is an error otherwise: what is
   * registered by `build` answers without their layers. `bypass('/admin', (open) => open.get('/admin/login', login))`.
   * @param prefixes below this node, as they were given to `group` or `mount`.
   */
  bypass<R>(prefixes: string | readonly string[], build: (routes: Routes<S, Base>) => R): this & ServesAs<R>
  /** Every route of the whole tree with those of mounted routers, in order of registration; without the automatic ones. */
  routes(): readonly RouteInfo[]
}

/**
 * The root of a tree of routes, which is also the handler that answers with them: `serve(router().get(…))`.
 * @typeParam Needs what must be in `c.state` where it is mounted.
 * @typeParam Base the pattern of the prefix it is mounted at, when its handlers want the parameters of that.
 */
export interface Router<S = {}, Needs = {}, Base extends string = ''>
  extends Routes<S, Base>, Handler<Context<ParamsOf<Base>, Needs>> {
  use<const Ms extends readonly AnyMiddleware[]>(
    ...middlewares: Ms & Ok<S, Ms>
  ): Router<StateAfter<S, Ms>, Needs, Base> & ServesAs<this>
  /**
   * Adds a tree of routes for one host, behind the middleware so far: requests to that host see these routes alone, all
   * others the routes outside. Ports, case and a dot at the end do not count; `*.example.com` stands for one label.
   * @throws TypeError when it is no host name, or there are routes for it already.
   */
  host(name: string, build: (routes: Routes<S, Base>) => unknown): this
  /**
   * What would become of a request: the routes that compete for it, which one answers, and the layers in front.
   * @param target a path, or a URL for the routes of a host.
   */
  explain(method: string, target: string): Explanation
}
