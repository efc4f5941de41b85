// Layers that a path must not walk around, whatever routes say.
import { compareVariants, comparePatterns, overlap } from './compare.ts'
import type { Node } from './node.ts'
import type { Pattern } from './pattern.ts'
import { type Place, placed } from './place.ts'

/** A group or mount with layers, which stand in front of every path below its prefix. */
export interface Guard {
  /** What it is, for messages: `group /admin`. */
  readonly name: string
  readonly prefix: string
  readonly place: Place
  readonly node: Node
  /** All paths at or below the prefix. */
  readonly covers: Pattern
  /** What takes these paths in the table: of a guard within a mounted router, all that was mounted. */
  readonly entry: Pattern
}

/** A route as far as guards are concerned. */
export interface Guarded {
  /** `GET /a/:b` */
  readonly name: string
  readonly place: Place
  readonly node: Node
  readonly pattern: Pattern
}

/**
 * A guard holds when no route from outside of it can answer for a path that it covers. Where both match, the guard is to be
 * the more specific one; a catch-all with something behind it is refused even then, for `/**:path/edit` seems to mean every
 * path that ends so, and would not get those below the guard.
 * @throws TypeError when it does not, and nobody has said `bypass`.
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
