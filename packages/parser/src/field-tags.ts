/** An entity tag. RFC 9110 §8.8.3. */
export interface EntityTag {
  readonly weak: boolean
  /** What stands between the quotes. */
  readonly tag: string
}

// opaque-tag has no escapes: every character but the quote stands for itself
const form = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/y

/** One entity tag, as in ETag and If-Range, or null when `value` is none. RFC 9110 §8.8.3. */
export function parseEntityTag(value: string): EntityTag | null {
  form.lastIndex = 0
  const m = form.exec(value)
  return m !== null && m[0].length === value.length ? { weak: m[1] !== undefined, tag: m[2]! } : null
}

/**
 * The list of If-Match and If-None-Match: `*`, the tags, or null when it is not well formed. Commas may be part of a tag, so
 * a split at commas does not do. RFC 9110 §13.1.1.
 */
export function parseEntityTags(value: string): '*' | EntityTag[] | null {
  if (value === '*') return '*'
  const tags: EntityTag[] = []
  let p = 0
  let wantsComma = false
  while (p < value.length) {
    const c = value[p]
    if (c === ' ' || c === '\t') p++
    else if (c === ',') {
      wantsComma = false
      p++
    } else {
      form.lastIndex = p
      const m = wantsComma ? null : form.exec(value)
      if (m === null) return null
      tags.push({ weak: m[1] !== undefined, tag: m[2]! })
      p = form.lastIndex
      wantsComma = true
    }
  }
  return tags.length === 0 ? null : tags
}

/**
 * Whether `tag` matches one of `tags`. RFC 9110 §8.8.3.2.
 *
 * @param strong the comparison of If-Match and If-Range, in which weak tags match nothing; otherwise that of If-None-Match
 */
export function matchesTag(tag: EntityTag, tags: '*' | readonly EntityTag[], strong: boolean): boolean {
  if (tags === '*') return true
  return tags.some((other) => other.tag === tag.tag && !(strong && (other.weak || tag.weak)))
}
