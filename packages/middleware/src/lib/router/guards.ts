// Layers that no path may get around, whatever routes exist.
import { compareVariants, comparePatterns, overlap } from './compare.ts'
import type { Node } from './node.ts'
import type { Pattern } from './pattern.ts'
import { type Place, placed } from './place.ts'

/** A group or mount with layers, which are in front of every path below its prefix. */
export interface Guard {
  /** Its name in messages: `group /admin`. */
  readonly name: string
  readonly prefix: string
  readonly place: Place
  readonly node: Node
  /** All paths at or below the prefix. */
  readonly covers: Pattern
  /** Its entry in the table; for a guard inside a mounted router, that of the whole mount. */
  readonly entry: Pattern
}

/** What a guard needs to know about a route. */
export interface Guarded {
  /** `GET /a/:b` */
  readonly name: string
  readonly place: Place
  readonly node: Node
  readonly pattern: Pattern
}

/**
 * A guard holds if no route outside it can answer for a path that it covers. Where both match, the guard must be
 * the more specific one. A catch-all with something after it is refused even then, because `/**:path/edit` seems to mean every
 * path that ends like that, but would not get those below the guard.
 * @throws TypeError when the guard does not hold, and no `bypass` allows that.
 */
export function checkGuard(guard: Guard, route: Guarded): void {
  if (route.node.isWithin(guard.node) || !walksAround(guard, route.pattern)) return
  if (route.node.bypassed().some((one) => comparePatterns(one, guard.covers) === 0)) return
  const prefix = guard.prefix || '/'
  throw new TypeError(
    `The paths below ${prefix} belong to a group or mount, not to ${route.name}: ${placed(route.name, route.place)} could ` +
      `answer for paths of the ${placed(guard.name, guard.place)}, without its layers. Register it in there, or say so: ` +
      `bypass('${prefix}', (routes) => …)`,
  )
}

function walksAround({ covers, entry }: Guard, pattern: Pattern): boolean {
  return covers.variants.some((covered) =>
    pattern.variants.some((variant) => {
      if (!overlap(covered, variant)) return false
      const order = compareVariants(entry === covers ? covered : entry.variants[0]!, variant)
      return order === undefined || order >= 0 || variant.suffix.length > 0
    }),
  )
}
