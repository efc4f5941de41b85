// Content that is read, decoded and limited before the handler is called.
import { type Rules, type Settled, choice, flag, list, readOptions, required } from '@spillway/core/options'
import { type ReadOptions, bodyKinds, readBody, readRules } from './lib/body/content.ts'
import type { BodyKind } from './lib/http/media-type.ts'
import type { FormFields } from './lib/body/form.ts'
import type { FormContent } from './lib/body/form-data.ts'
import { refusal } from './lib/http/refusal.ts'
import type { Middleware } from './lib/layers/types.ts'

export type { ReadOptions } from './lib/body/content.ts'
export type { BodyKind } from './lib/http/media-type.ts'
export type { FormFields, FormLimits } from './lib/body/form.ts'
export type { FormContent } from './lib/body/form-data.ts'
export type { JsonLimits } from './lib/body/json.ts'

/** Options of {@link body}. */
export interface BodyOptions extends ReadOptions {
  /** Keeps the bytes beside the value, in `c.state.raw`, to check a signature with. Default: false. */
  readonly raw?: boolean
}

const rules: Rules<Settled<BodyOptions, 'raw'>> = { ...readRules, raw: flag() }

const kindRules = { kinds: required(list(choice(bodyKinds, 'json'))) }

/** What each kind of content is read into. */
export interface BodyValues {
  readonly json: unknown
  readonly urlencoded: FormFields
  readonly multipart: FormContent
  readonly text: string
  readonly bytes: Uint8Array
}

/** What {@link body} puts into the state. */
export type BodyState<K extends BodyKind, O extends BodyOptions> = { body: BodyValues[K] } & (O extends { raw: true }
  ? { raw: Uint8Array }
  : {})

/**
 * Reads the whole content into `c.state.body` before it calls on. Content may be compressed, by one coding at the most.
 *
 * - `json`: `application/json` and `application/*+json`, in UTF-8; limits for depth and members, and no `__proto__`.
 * - `urlencoded`: a form as {@link FormFields}.
 * - `multipart`: a form with files, each a `File`, all in memory: `multipart` reads larger ones as they come.
 * - `text`: any `text/*` in the charset it says, UTF-8 when it does not.
 * - `bytes`: content of any type, or of none.
 *
 * Answers with `application/problem+json` itself: 415 for another type, charset or coding; 413 beyond the limit, for what
 * came and for what it decodes to; 400 for no content or malformed content (RFC 9110 §15.5.14, §15.5.16, RFC 9457).
 * @param kinds one kind, or several: the first one that takes the Content-Type reads it.
 */
export function body<const K extends BodyKind, const O extends BodyOptions = {}>(
  kinds: K | readonly K[],
  options?: O,
): Middleware<BodyState<K, O>> {
  const known = readOptions(kindRules, { kinds: [kinds].flat() }).kinds as readonly K[]
  const { raw: keepsRaw, ...how } = readOptions(rules, options)
  return async (c, next) => {
    const state = c.state as { body?: unknown; raw?: Uint8Array }
    try {
      const { value, raw } = await readBody(c, known, how)
      state.body = value
      if (keepsRaw) state.raw = raw
    } catch (error) {
      return refusal(error)
    }
    return next()
  }
}
