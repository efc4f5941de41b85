// Lets only requests pass that fit a schema.
import { type Rules, type Settled, choice, list, readOptions } from '@spillway/core/options'
import type { Valid } from './lib/contract/types.ts'
import { type ReadOptions, bodyKinds, readRules } from './lib/body/content.ts'
import type { BodyKind } from './lib/http/media-type.ts'
import { type Schemas, note } from './lib/layers/route-notes.ts'
import type { Middleware } from './lib/layers/types.ts'
import { validation } from './lib/validation/layer.ts'
import { schemaRules } from './lib/validation/schema.ts'

export type { Valid } from './lib/contract/types.ts'
export type { Schemas } from './lib/layers/route-notes.ts'
export type { ValidationIssue } from './lib/validation/issues.ts'

/** Options of {@link validate}. */
export interface ValidateOptions extends ReadOptions {
  /** How content is read when no `body()` in front has read it. Default: `['json']`. */
  readonly kinds?: readonly BodyKind[]
}

const rules: Rules<Settled<ValidateOptions, 'kinds'>> = {
  ...readRules,
  kinds: list(choice(bodyKinds, 'json'), ['json']),
}

/**
 * Lets only valid requests pass, and puts the schemas' results into `c.state.valid`: coerced, defaulted and typed.
 * The head is checked first; the content is read only if the head is valid. An invalid request is answered with a problem whose
 * `errors` say where and why: 400 for path, query, fields and cookies, 422 for content (RFC 9110 §15.5.21, RFC 9457 §3).
 * Content that cannot be read is answered as by `body`. Several layers add up. `problems({ reply })` in front gives these
 * replies another format.
 * @throws TypeError for a part that requests do not have, or is given what is no schema.
 */
export function validate<const S extends Schemas>(
  schemas: S,
  options: ValidateOptions = {},
): Middleware<{ valid: Valid<S> }> {
  const how = readOptions(rules, options)
  const known = readOptions(schemaRules, schemas)
  return note(validation(known, how), [{ ...known, ...(known.body && { kinds: how.kinds }) }])
}
