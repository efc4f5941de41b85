/**
 * Parsers for field values, each by the grammar of its RFC. Values are as {@link HeadSnapshot.get} returns them.
 *
 * @module
 */
export { formatDate, parseDate } from './field-dates.ts'
export {
  hasToken,
  parseContentLength,
  parseParameters,
  parseQualityList,
  quote,
  tokenList,
  unquote,
  type Parameterized,
  type Weighted,
} from './field-lists.ts'
export { deltaSeconds, parseCacheControl, type CacheControl } from './field-cache.ts'
export { parseCookies, parseSetCookie, type SetCookie } from './field-cookies.ts'
export { formatExtended, parseExtended } from './field-extended.ts'
export { endToEndFields } from './field-hops.ts'
export { formatContentRange, parseContentRange, parseRange, type ByteRange, type ContentRange } from './field-ranges.ts'
export { matchesTag, parseEntityTag, parseEntityTags, type EntityTag } from './field-tags.ts'
export { fieldsAsSent } from './field-names.ts'
export { isAuthority, splitAuthority, splitTarget, type TargetParts } from './target.ts'
