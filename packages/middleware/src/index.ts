// The entry `@spillway/middleware`: public names only.
export { changeBody } from './lib/http/changed-body.ts'
export { compose, defineMiddleware, wrap } from './lib/layers/compose.ts'
export type { LayerRun } from './lib/layers/layer-trace.ts'
export type {
  AddsOf,
  AnyMiddleware,
  Middleware,
  MissingState,
  NeedsOf,
  NeedsOfAll,
  Next,
  Ok,
  StateAfter,
} from './lib/layers/types.ts'
