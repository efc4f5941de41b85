export { router } from './lib/router/router.ts'
export type {
  AddRoute,
  AddRouteOn,
  ExplainedRoute,
  Explanation,
  ParamsOf,
  RouteInfo,
  Router,
  RouterOptions,
  Routes,
  TrailingSlash,
} from './lib/router/types.ts'
