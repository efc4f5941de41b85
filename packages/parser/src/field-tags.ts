/** An entity tag. RFC 9110 §8.8.3. */
export interface EntityTag {
  readonly weak: boolean
  /** What stands between the quotes. */
  readonly tag: string
}

/** One entity tag, as in ETag and If-Range, or null when `value` is not one. RFC 9110 §8.8.3. */
export function parseEntityTag(value: string): EntityTag | null {
  const tags = /^(W\/)?"[^"]*"$/.test(value) ? parseEntityTags(value) : null
  return (tags?.[0] as EntityTag | undefined) ?? null
}

/**
 * The list in If-Match and If-None-Match: `*`, the tags, or null when it is malformed. Commas may be part of a tag, so
 * splitting at commas is not enough. RFC 9110 §13.1.1.
 */
export function parseEntityTags(value: string): '*' | EntityTag[] | null {
  if (value === '*') return value
  const tags: EntityTag[] = []
  // opaque-tag has no escapes: every character except the quote stands for itself
  const member = /[ \t]*(?:(W\/)?"([!#-~\x80-\xff]*)"[ \t]*)?(,|$)/y
  let m: RegExpExecArray | null
  do {
    m = member.exec(value)
    if (m === null) return null
    if (m[2] !== undefined) tags.push({ weak: m[1] !== undefined, tag: m[2] })
  } while (m[3] !== '')
  return tags.length === 0 ? null : tags
}

/**
 * Whether `tag` matches one of `tags`. RFC 9110 §8.8.3.2.
 *
 * @param strong the comparison of If-Match and If-Range, in which weak tags match nothing; otherwise that of If-None-Match
 */
export function matchesTag(tag: EntityTag, tags: '*' | readonly EntityTag[], strong: boolean): boolean {
  return tags === '*' || tags.some((other) => other.tag === tag.tag && !(strong && (other.weak || tag.weak)))
}
