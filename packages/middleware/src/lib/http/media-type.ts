// Content-Type (RFC 9110 §8.3).
import type { RequestHeaders } from '@spillway/core'
import { parseParameters } from '@spillway/parser/fields'

/** What content is read as. */
export type BodyKind = 'json' | 'urlencoded' | 'multipart' | 'text' | 'bytes'

/** A media type as everything here reads it, so that no two readers of one request differ (RFC 9110 §8.3.1). */
export interface MediaType {
  /** Type and subtype in lower case, `application/json`. */
  readonly essence: string
  /** Names in lower case, values as sent. */
  readonly parameters: ReadonlyMap<string, string>
}

const essenceForm = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+$/

/**
 * Reads a Content-Type, the whole of it: `application/json\ta`, `;` and two values joined by a comma are no media types.
 * @returns null when it is none.
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
