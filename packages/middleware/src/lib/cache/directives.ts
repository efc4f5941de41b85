// Cache-Control (RFC 9111 §5.2).
import { type CacheControl, parseCacheControl } from '@spillway/parser/fields'

/** The directives of a Cache-Control field (RFC 9111 §5.2). */
export type Directives = CacheControl

const none: Directives = /* @__PURE__ */ new Map()

/** Parses a Cache-Control field, which may be missing. */
export function readDirectives(value: string | null): Directives {
  return value === null ? none : parseCacheControl(value)
}

export { deltaSeconds as secondsOf } from '@spillway/parser/fields'
