import { named } from '../layers/layer-trace.ts'
import { normalizePath, resolveDots } from '../http/path.ts'
import { MountedContext } from './mounted-context.ts'
import type { AnyHandler } from './node.ts'
import { segmentCount } from './pattern.ts'
import { routerOf } from './registry.ts'
import type { TrailingSlash } from './types.ts'

/**
 * What answers below a prefix: `handler`, which has a context whose path is without the prefix, as it was sent but for dot
 * segments, which are resolved.
 * @param slashes what a slash at the end of the prefix means.
 * @throws TypeError when it cannot be said how many segments the prefix takes.
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
    const { path } = c
    // Whoever found the mount has found that there is a normal form, with a segment for each of the path as it was sent.
    const normal = normalizePath(path)!
    const sent = resolveDots(path)
    const rest = sent.slice(prefixEnd(sent, depth))
    const below = new MountedContext(c, c.base + normal.slice(0, prefixEnd(normal, depth)), rest || '/')
    return (rest === '' ? answerBare : answer)(below)
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
