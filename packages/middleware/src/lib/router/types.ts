// The types of routers: parameters from their patterns, and state from the layers in front.
import type { Context, Handler, MaybePromise, Result } from '@spillway/core'
import type { WriteOptions } from '../contract/give.ts'
import type {
  Fits,
  Front,
  HandlerBehind,
  Join,
  Known,
  ServedBelow,
  ServedBy,
  ServedSoFar,
  Serves,
  Serving,
} from '../contract/types.ts'
import type { RouteNote } from '../layers/route-notes.ts'
import type { AnyMiddleware, Ok, StateAfter } from '../layers/types.ts'
import type { ParamsOf, PatternLike } from '../patterns/params-of.ts'

/** One route of a listing. */
export interface RouteInfo {
  /** `*` for every method. */
  readonly method: string
  readonly pattern: string
  /** The host it is for; absent for routes that are not limited to a host. */
  readonly host?: string
  /** What its layers tell about it, such as the schemas of `validate`; absent when they tell nothing. */
  readonly notes?: readonly RouteNote[]
  /** The names of the functions in front of it, the outermost first; absent when there are none. */
  readonly layers?: readonly string[]
}

/** What a router does with a request, and why. */
export interface Explanation {
  /** The normal form of the path, by which routes are matched; undefined when it has none. */
  readonly path: string | undefined
  /** Every route that matches the request, the most specific one first; the first one answers. */
  readonly routes: readonly ExplainedRoute[]
  /**
   * The status of the router's own reply when no route answers: 204, 308, 400, 404 or 405, unless `notFound` or a layer changes
   * it.
   */
  readonly status?: number
  /** The layers in front of the reply, the outermost first, whether a route makes it or the router. */
  readonly layers: readonly string[]
}

/** One of the routes that compete for a request. */
export interface ExplainedRoute extends RouteInfo {
  /** The file and line where it was registered, if the runtime tells. */
  readonly at: string
}

/** What a slash at the end of a path means. */
export type TrailingSlash = 'ignore' | 'redirect' | 'strict'

/** Options of `router`. Those for writing JSON apply to what handlers with a contract pass to `give`. */
export interface RouterOptions extends WriteOptions {
  /**
   * A path that differs from a route's pattern only by a slash at the end is treated as the same (`ignore`), is redirected to the
   * pattern's form with 308, query included (`redirect`), or is a different path without a route (`strict`).
   * A pattern is registered in one form only. Default: `ignore`, which breaks no links.
   */
  readonly trailingSlash?: TrailingSlash
}

/**
 * Registers a handler for one method, optionally with middleware for this route only, or with a contract: what it takes and
 * gives. A handler behind a contract with `gives` replies with its second argument, `give(status, content)`.
 * Patterns can be `/users/:id`, `/users/:id(\\d+)`, `/users/:id?`, `/files/**:path` (one or more segments),
 * `/files/:path*` (any number). The most specific one that matches wins, whatever the order of registration.
 */
export interface AddRoute<Method extends string, S, Base extends string, Root> {
  <P extends string, This extends Serving<{}>>(
    this: This,
    pattern: P & PatternLike<P>,
    handler: Handler<Context<ParamsOf<`${Base}${P}`>, S>>,
  ): More<Root, S, Base> & Serving<ServedSoFar<This> & Serves<Method, Join<Base, P>, {}>>
  <P extends string, const F extends Front, This extends Serving<{}>>(
    this: This,
    pattern: P & PatternLike<P>,
    front: F & Fits<S, F>,
    handler: HandlerBehind<`${Base}${P}`, S, Known<F>>,
  ): More<Root, S, Base> & Serving<ServedSoFar<This> & Serves<Method, Join<Base, P>, F>>
}

/** Like {@link AddRoute}, for methods given by name, `'PROPFIND'` or `['PUT', 'POST']`; names are case-sensitive. */
export interface AddRouteOn<S, Base extends string, Root> {
  <P extends string, const Method extends string, This extends Serving<{}>>(
    this: This,
    methods: Method | readonly Method[],
    pattern: P & PatternLike<P>,
    handler: Handler<Context<ParamsOf<`${Base}${P}`>, S>>,
  ): More<Root, S, Base> & Serving<ServedSoFar<This> & Serves<Method, Join<Base, P>, {}>>
  <P extends string, const Method extends string, const F extends Front, This extends Serving<{}>>(
    this: This,
    methods: Method | readonly Method[],
    pattern: P & PatternLike<P>,
    front: F & Fits<S, F>,
    handler: HandlerBehind<`${Base}${P}`, S, Known<F>>,
  ): More<Root, S, Base> & Serving<ServedSoFar<This> & Serves<Method, Join<Base, P>, F>>
}

/**
 * A node of the tree of routes: patterns below `Base`, behind the middleware of this node and those above it.
 * @typeParam S what the middleware up to here has put into `c.state`.
 * @typeParam Root for a router, what it needs where it is mounted; undefined for a node within one.
 */
export interface Routes<S = {}, Base extends string = '', Root = undefined> extends Serving<{}> {
  /**
   * Puts middleware around what is registered here and in groups after it; and around the 404, 405 and automatic OPTIONS
   * replies below this node, so that a log sees them and a guard does not reveal which paths exist. A group with middleware
   * owns every path below its prefix: a wider pattern outside it, for files for example, does not get them, and a route
   * that would is refused unless {@link bypass} names the group.
   */
  use<const Ms extends readonly AnyMiddleware[]>(
    ...middlewares: Ms & Ok<S, Ms>
  ): More<Root, StateAfter<S, Ms>, Base> & Serving<ServedSoFar<this>>
  /** Answers GET, and HEAD unless there is a HEAD route for the pattern (RFC 9110 §9.3.2). */
  readonly get: AddRoute<'GET', S, Base, Root>
  readonly post: AddRoute<'POST', S, Base, Root>
  readonly put: AddRoute<'PUT', S, Base, Root>
  readonly patch: AddRoute<'PATCH', S, Base, Root>
  readonly delete: AddRoute<'DELETE', S, Base, Root>
  readonly head: AddRoute<'HEAD', S, Base, Root>
  /** Answers OPTIONS in place of the automatic 204 with `Allow`. */
  readonly options: AddRoute<'OPTIONS', S, Base, Root>
  readonly on: AddRouteOn<S, Base, Root>
  /** Answers every method; a route for a specific method and the same pattern takes precedence. */
  readonly all: AddRoute<'*', S, Base, Root>
  /**
   * Adds a node below this one: `build` registers routes whose patterns continue `prefix`, with middleware of their own.
   * A guard added there with `use` is in front of every one of them; no spelling of the path gets around it.
   */
  group<P extends string, R>(
    prefix: P & PatternLike<P>,
    build: (routes: Routes<S, `${Base}${NoInfer<P>}`>) => R,
  ): More<Root, S, Base> & Serving<ServedSoFar<this> & ServedBy<R>>
  /**
   * Passes everything at or below `prefix`, with any method, to another router or handler, behind the middleware registered so far.
   * That handler sees `c.path` without the prefix, which is in `c.base`, until it has made its reply. The prefix ends between
   * segments: `/api` does not take `/apis`. A more specific route takes precedence, unless what is mounted has layers (`wrap`, or a
   * router with `use`): then it owns every path below, like a group.
   */
  mount<P extends string, H extends Handler<Context<ParamsOf<`${Base}${P}`>, S>>>(
    prefix: P & PatternLike<P>,
    handler: H,
  ): More<Root, S, Base> & Serving<ServedSoFar<this> & ServedBelow<Join<Base, P>, H>>
  /** Replies in place of the 404 for paths at or below this node that have no route; the nearest one upwards is used. */
  notFound(handler: Handler<Context<{}, S>>): this
  /**
   * Answers for errors of everything at or below this node, whenever it was registered: errors of handlers, and of middleware here and
   * in groups. Fields that middleware in front has to add are added, as to core's own error replies. If it returns nothing, the next
   * node upwards is asked, then the router around a mount, and then `onError` of the server. What it throws itself goes to the latter. An
   * exchange that was cut is not answered. Each node has one handler; the last one registered counts.
   * @param handler gets whatever was thrown; the state may lack what middleware had not added yet.
   */
  onError(handler: (error: unknown, c: Context<{}, Partial<S>>) => MaybePromise<Result | undefined | void>): this
  /**
   * Registers routes that may take paths from the groups and mounts with these prefixes, which is otherwise an error: what
   * `build` registers answers without their layers. `bypass('/admin', (open) => open.get('/admin/login', login))`.
   * @param prefixes below this node, as they were passed to `group` or `mount`.
   */
  bypass<R>(
    prefixes: string | readonly string[],
    build: (routes: Routes<S, Base>) => R,
  ): More<Root, S, Base> & Serving<ServedSoFar<this> & ServedBy<R>>
  /** Every route of the whole tree, including those of mounted routers, in order of registration; without the automatic ones. */
  routes(): readonly RouteInfo[]
}

/** The type of a node or router after routes or layers have been added. */
type More<Root, S, Base extends string> = Root extends [infer Needs] ? Router<S, Needs, Base> : Routes<S, Base>

/**
 * The root of a tree of routes, which is also the handler that answers with them: `serve(router().get(…))`.
 * @typeParam Needs what must be in `c.state` where it is mounted.
 * @typeParam Base the pattern of the prefix at which it is mounted, if its handlers use the parameters of that.
 */
export interface Router<S = {}, Needs = {}, Base extends string = ''>
  extends Routes<S, Base, [Needs]>, Handler<Context<ParamsOf<Base>, Needs>> {
  /**
   * Adds a tree of routes for one host, behind the middleware registered so far: requests to that host see only these routes, all
   * others only the routes outside. Ports, case and a dot at the end are ignored; `*.example.com` stands for one label.
   * @throws TypeError when it is not a host name, or already has routes.
   */
  host(name: string, build: (routes: Routes<S, Base>) => unknown): this
  /**
   * What would happen to a request: the routes that compete for it, which one answers, and the layers in front.
   * @param target a path, or a URL for the routes of a host.
   */
  explain(method: string, target: string): Explanation
}
