import { whenSettled } from '../layers/maybe-promise.ts'
import { normalizePath } from '../http/path.ts'
import type { AnyHandler } from './node.ts'
import { segmentCount } from './pattern.ts'

/**
 * What answers below a prefix: `handler`, which sees `c.path` without the prefix for as long as it makes its reply.
 * Afterwards everything is as before, for the middleware around.
 * @throws TypeError when it cannot be said how many segments the prefix takes.
 */
export function mounted(prefix: string, handler: AnyHandler): AnyHandler {
  const depth = segmentCount(prefix)
  return (c) => {
    const { path, base, params } = c
    // Whoever found the mount has found that there is a normal form.
    const normal = normalizePath(path)!
    const end = prefixEnd(normal, depth)
    c.base = base + normal.slice(0, end)
    c.path = normal.slice(end) || '/'
    const restore = (): void => {
      c.path = path
      c.base = base
      c.params = params
    }
    return whenSettled(
      () => handler(c),
      (result) => {
        restore()
        return result
      },
      (error) => {
        restore()
        throw error
      },
    )
  }
}

/** Where the first `depth` segments of a path end. */
function prefixEnd(path: string, depth: number): number {
  let end = 0
  for (let i = 0; i < depth; i++) {
    end = path.indexOf('/', end + 1)
    if (end < 0) return path.length
  }
  return end
}
