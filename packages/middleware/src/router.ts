export { router } from './lib/router/router.ts'
export type { AddRoute, AddRouteOn, ParamsOf, RouteInfo, Router, Routes } from './lib/router/types.ts'
