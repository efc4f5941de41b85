import type { MediaType } from '../http/media-type.ts'
import { malformed } from './part-reader.ts'

/** The delimiter between the parts of a form (RFC 2046 §5.1.1). @throws ProblemError 400 when there is no valid one. */
export function boundaryIn({ parameters }: MediaType): string {
  const boundary = parameters.get('boundary') ?? ''
  if (!/^[\w'()+,\-./:=? ]{0,69}[\w'()+,\-./:=?]$/.test(boundary)) throw malformed('The boundary is malformed')
  return boundary
}
