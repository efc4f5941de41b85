// Which content coding a client likes best (RFC 9110 §12.5.3).
import { parseQualityList } from '@spillway/parser/fields'

/** What a client makes of the codings there are. */
export interface Choice<T> {
  /** What to send, undefined for the content as it is. */
  readonly coding: T | undefined
  /** Whether the client does not take the content as it is. */
  readonly required: boolean
}

/**
 * Chooses by Accept-Encoding (RFC 9110 §12.5.3): the highest weight wins, the order of `codings` decides among equal ones,
 * and `identity` wins only where it is weighted higher than all of them. `*` stands for whatever is not named. When nothing
 * that there is may be sent, the field is disregarded, as §12.4.1 allows: an answer that may be read is better than none.
 * @param header null when the request has no such field: anything would do, so nothing is done.
 */
export function chooseCoding<T extends { readonly name: string }>(
  header: string | null,
  codings: readonly T[],
): Choice<T> {
  if (header === null) return { coding: undefined, required: false }
  const weights = new Map<string, number>()
  for (const { value, q } of parseQualityList(header)) {
    const name = value === 'x-gzip' ? 'gzip' : value
    if (!weights.has(name)) weights.set(name, q)
  }
  const others = weights.get('*')
  const identity = weights.get('identity') ?? others
  let best: T | undefined
  let most = weights.get('identity') ?? 0
  for (const coding of codings) {
    const weight = weights.get(coding.name) ?? others ?? 0
    if (weight > most || (weight === most && weight > 0 && best === undefined)) {
      best = coding
      most = weight
    }
  }
  return { coding: best, required: best !== undefined && identity === 0 }
}
