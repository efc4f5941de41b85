import { named } from '../layers/layer-trace.ts'
import { whenSettled } from '../layers/maybe-promise.ts'
import { normalizePath, resolveDots } from '../http/path.ts'
import type { AnyHandler } from './node.ts'
import { segmentCount } from './pattern.ts'
import { routerOf } from './registry.ts'
import type { TrailingSlash } from './types.ts'

/**
 * The handler below a prefix: it calls `handler`, which sees `c.path` without the prefix until it has made its reply; the path is as it
 * was sent, except that dot segments are resolved. Afterwards everything is as before, for the middleware around it.
 * @param slashes the meaning of a slash at the end of the prefix.
 * @throws TypeError when the number of segments that the prefix matches is not fixed.
 */
export function mounted(prefix: string, handler: AnyHandler, slashes: TrailingSlash): AnyHandler {
  const depth = segmentCount(prefix)
  const inner = routerOf(handler)
  const ends = { bare: { slash: false, slashes }, slash: { slash: true, slashes } }
  const answer: AnyHandler = inner
    ? (c) => inner.dispatch(c, c.path === '/' && depth > 0 ? ends.slash : undefined)
    : handler
  const answerBare: AnyHandler = inner ? (c) => inner.dispatch(c, ends.bare) : handler
  return named(`mount ${prefix}`, (c) => {
    const { path, base, params } = c
    // The router has already found that there is a normal form, and it has as many segments as the path that was sent.
    const normal = normalizePath(path)!
    const sent = resolveDots(path)
    const rest = sent.slice(prefixEnd(sent, depth))
    c.base = base + normal.slice(0, prefixEnd(normal, depth))
    c.path = rest || '/'
    const restore = (): void => {
      c.path = path
      c.base = base
      c.params = params
    }
    return whenSettled(
      () => (rest === '' ? answerBare : answer)(c),
      (result) => {
        restore()
        return result
      },
      (error) => {
        restore()
        throw error
      },
    )
  })
}

/** The offset at which the first `depth` segments of a path end. */
function prefixEnd(path: string, depth: number): number {
  let end = 0
  for (let i = 0; i < depth; i++) {
    end = path.indexOf('/', end + 1)
    if (end < 0) return path.length
  }
  return end
}
