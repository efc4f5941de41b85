// Content-Type (RFC 9110 §8.3).
import type { RequestHeaders } from '@spillway/core'
import { parseParameters } from '@spillway/parser/fields'

/** How content is read. */
export type BodyKind = 'json' | 'urlencoded' | 'multipart' | 'text' | 'bytes'

/** A media type, parsed in one way everywhere, so that no two readers of a request differ (RFC 9110 §8.3.1). */
export interface MediaType {
  /** Type and subtype in lower case, `application/json`. */
  readonly essence: string
  /** Names in lower case, values as sent. */
  readonly parameters: ReadonlyMap<string, string>
}

const essenceForm = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/

/**
 * Parses a whole Content-Type: `application/json\ta`, `;` and two values joined by a comma are not media types.
 * @returns null when it is not one.
 */
export function parseMediaType(value: string): MediaType | null {
  const parsed = parseParameters(value)
  if (parsed === null || !essenceForm.test(parsed.value)) return null
  return { essence: parsed.value.toLowerCase(), parameters: parsed.parameters }
}

/** The Content-Type of a request: undefined when it has none, null when it is not a media type. */
export function requestMediaType(headers: RequestHeaders): MediaType | null | undefined {
  const value = headers.get('content-type')
  return value === null ? undefined : parseMediaType(value)
}
