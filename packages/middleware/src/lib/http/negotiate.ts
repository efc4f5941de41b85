// Which content coding a client prefers (RFC 9110 §12.5.3).
import { parseQualityList } from '@spillway/parser/fields'

/** The coding chosen for a client. */
export interface Choice<T> {
  /** The coding to send; undefined for unencoded content. */
  readonly coding: T | undefined
  /** Whether the client does not accept unencoded content. */
  readonly required: boolean
}

/**
 * Chooses by Accept-Encoding (RFC 9110 §12.5.3): the highest weight wins, the order of `codings` decides between equal ones,
 * and `identity` wins only if its weight is higher than all of theirs. `*` stands for every coding that is not named. If nothing
 * available is acceptable, the field is ignored, as §12.4.1 allows: a reply the client may be able to read is better than none.
 * @param header null when the request has no such field: then anything is acceptable, and nothing is encoded.
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
