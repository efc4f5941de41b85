export { router } from './lib/router/router.ts'
export type {
  AddRoute,
  AddRouteOn,
  ParamsOf,
  RouteInfo,
  Router,
  RouterOptions,
  Routes,
  TrailingSlash,
} from './lib/router/types.ts'
