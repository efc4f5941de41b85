// Parameters, decoded from the path that matched.
import { decodeTail } from '../http/path.ts'
import type { Part, Pattern, Segment, Variant } from './pattern.ts'
import { decodeSegment } from './tree.ts'

/** Without a prototype, so that no parameter collides with a member of it. */
const NoPrototype = /* @__PURE__ */ makeNoPrototype()

function makeNoPrototype(): new () => Record<string, string> {
  const Made = function (): void {} as unknown as new () => Record<string, string>
  Made.prototype = Object.freeze(Object.create(null))
  return Made
}

/**
 * The parameters of a pattern that matches a path, from the path's segments: segments are decoded completely, while in a catch-all
 * encoded separators stay encoded.
 */
export function readParams(pattern: Pattern, variant: Variant, segments: readonly string[]): Record<string, string> {
  const { head, tail, suffix } = variant
  const params = readHeadParams(variant, segments)
  // Optional parameters that are missing are present as undefined.
  if (pattern.variants.length > 1 || tail?.min === 0)
    for (const name of pattern.names) params[name] ??= undefined as unknown as string
  if (!tail) return params
  const end = segments.length - suffix.length
  if (end > head.length) params[tail.name] = decodeTail(segments.slice(head.length, end).join('/'))
  for (let i = 0; i < suffix.length; i++) {
    const before = tail.joined && i === 0 ? params[tail.name] : undefined
    readSegment(params, suffix[i]!, segments[end + i]!)
    if (tail.joined && i === 0) params[tail.name] = joinedTail(before, params[tail.name]!)
  }
  return params
}

/** Only the parameters in front of the catch-all. */
export function readHeadParams({ head }: Variant, segments: readonly string[]): Record<string, string> {
  const params = new NoPrototype()
  for (let i = 0; i < head.length; i++) readSegment(params, head[i]!, segments[i]!)
  return params
}

function readSegment(params: Record<string, string>, { text, name, parts }: Segment, segment: string): void {
  if (text !== undefined) return
  if (name !== undefined) params[name] = decodeSegment(segment)
  else if (parts) readParts(params, parts, decodeSegment(segment))
}

/** A `*` at the beginning of a segment continues the catch-all in front of it. */
function joinedTail(before: string | undefined, value: string): string {
  const own = value.replaceAll('/', '%2F').replaceAll('\\', '%5C')
  return before === undefined ? own : `${before}/${own}`
}

/**
 * Divides a segment among its parts from left to right; each takes as much as it may while leaving enough for those
 * after it. What is enough is computed from the right, for all positions at once, so that the time is linear in the length.
 */
function readParts(params: Record<string, string>, parts: readonly Part[], text: string): void {
  const characters = Array.from(text, (one) => one.codePointAt(0)!)
  const { length } = characters
  const backwards = characters.toReversed()
  /** For each part: whether it and those after it can match everything from a position on. */
  const fits: boolean[][] = [Array.from({ length: length + 1 }, (_, i) => i === length)]
  for (const { reversed } of parts.slice(1).toReversed())
    fits.unshift(reversed.reach(backwards, fits[0]!.toReversed()).toReversed())
  let at = 0
  for (const [i, { language, name, lazy }] of parts.entries()) {
    let end = at
    for (const place of language.ends(characters, at)) {
      if (!fits[i]![place]) continue
      end = place
      if (lazy) break
    }
    if (name !== undefined) params[name] = String.fromCodePoint(...characters.slice(at, end))
    at = end
  }
}
