// The entry `@spillway/middleware/router`: public names only.
export { router } from './lib/router/router.ts'
export type { RouteAsked } from './lib/router/route-trace.ts'
export type {
  AddRoute,
  AddRouteOn,
  ExplainedRoute,
  Explanation,
  RouteInfo,
  Router,
  RouterOptions,
  Routes,
  TrailingSlash,
} from './lib/router/types.ts'
export type { ParamsOf } from './lib/patterns/params-of.ts'
