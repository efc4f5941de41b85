/**
 * What field values say, each helper by the grammar of its RFC. Values are as {@link HeadSnapshot.get} gives them.
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
export { endToEndFields } from './field-hops.ts'
export { parseRange, type ByteRange } from './field-ranges.ts'
export { matchesTag, parseEntityTag, parseEntityTags, type EntityTag } from './field-tags.ts'
