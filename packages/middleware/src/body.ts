// Content that is read, decoded and limited before the handler is called.
import { type Rules, type Settled, choice, flag, list, readOptions, required } from '@spillway/core/options'
import { type ReadOptions, bodyKinds, readBody, readRules } from './lib/body/content.ts'
import type { BodyKind } from './lib/http/media-type.ts'
import type { FormFields } from './lib/body/form.ts'
import type { FormContent } from './lib/body/form-data.ts'
import { refusal } from './lib/http/refusal.ts'
import { named } from './lib/layers/layer-trace.ts'
import type { Middleware } from './lib/layers/types.ts'

export type { ReadOptions } from './lib/body/content.ts'
export type { BodyKind } from './lib/http/media-type.ts'
export type { FormFields, FormLimits } from './lib/body/form.ts'
export type { FormContent } from './lib/body/form-data.ts'
export type { JsonLimits } from './lib/body/json.ts'

/** Options of {@link body}. */
export interface BodyOptions extends ReadOptions {
  /** Also keeps the bytes, in `c.state.raw`, for example to check a signature. Default: false. */
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
 * Reads the whole content into `c.state.body` before the next layer runs. Content may be compressed with at most one coding.
 *
 * - `json`: `application/json` and `application/*+json`, in UTF-8; depth and number of members are limited, and `__proto__` is refused.
 * - `urlencoded`: a form as {@link FormFields}.
 * - `multipart`: a form with files, each a `File`, all in memory; to read larger ones as they arrive, use `multipart`.
 * - `text`: any `text/*` in the charset it declares, otherwise UTF-8.
 * - `bytes`: content of any type, or without a type.
 *
 * Refusals are answered here, with `application/problem+json`: 415 for another type, charset or coding; 413 when the received or the
 * decoded size exceeds the limit; 400 for missing or malformed content (RFC 9110 §15.5.14, §15.5.16, RFC 9457).
 * @param kinds one kind, or several, of which the first that accepts the Content-Type is used.
 */
export function body<const K extends BodyKind, const O extends BodyOptions = {}>(
  kinds: K | readonly K[],
  options?: O,
): Middleware<BodyState<K, O>> {
  const known = readOptions(kindRules, { kinds: [kinds].flat() }).kinds as readonly K[]
  const { raw: keepsRaw, ...how } = readOptions(rules, options)
  return named('body', async (c, next) => {
    const state = c.state as { body?: unknown; raw?: Uint8Array }
    try {
      const { value, raw } = await readBody(c, known, how)
      state.body = value
      if (keepsRaw) state.raw = raw
    } catch (error) {
      return refusal(error)
    }
    return next()
  })
}
