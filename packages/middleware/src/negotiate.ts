// Chooses among types and languages by what a client prefers (RFC 9110 §12.5).
import { type Context, HttpError, type MaybePromise, type Reply, type Result } from '@spillway/core'
import { parseQualityList } from '@spillway/parser/fields'
import { addVary } from './lib/http/changed-body.ts'
import { parseMediaType } from './lib/http/media-type.ts'
import { asReply } from './lib/layers/compose.ts'
import { after } from './lib/layers/maybe-promise.ts'

/**
 * Which of several media types a client prefers (RFC 9110 §12.5.1): by its weights, and among equal ones in the order given here. The
 * most specific range that matches determines the weight of a type. Undefined when the client accepts none; without `Accept` it accepts all.
 * @param types such as `application/json`, `text/html`.
 */
export function preferredType(c: Context<any, any>, types: readonly string[]): string | undefined {
  const field = c.headers.get('accept')
  if (field === null) return types[0]
  const ranges = parseQualityList(field)
  return best(types, (type) => weightOf(type.toLowerCase(), ranges))
}

/**
 * Which of several languages a client prefers (RFC 9110 §12.5.4), by lookup as in RFC 4647 §3.4: a client that asks for `de-CH` also
 * accepts `de`, and one that asks for `de` also `de-CH` if there is nothing better. Undefined when it accepts none of them.
 * @param languages tags such as `en`, `de-CH`.
 */
export function preferredLanguage(c: Context<any, any>, languages: readonly string[]): string | undefined {
  const field = c.headers.get('accept-language')
  if (field === null) return languages[0]
  const ranges = parseQualityList(field)
  return best(languages, (language) => languageWeight(language.toLowerCase(), ranges))
}

/** A function for each media type that makes the reply. */
export type Representations = Readonly<Record<string, () => MaybePromise<Result>>>

/**
 * Answers in the media type that the client prefers. Give the types in your own order of preference:
 * `` negotiate(c, { 'application/json': () => c.json(user), 'text/html': () => c.html(page) }) ``. The reply gets `Vary: Accept`.
 * When the client accepts none of them, the answer is 406.
 * @throws TypeError for something that is not a media type; HttpError 406.
 */
export function negotiate(c: Context<any, any>, representations: Representations): MaybePromise<Reply> {
  const types = Object.keys(representations)
  for (const type of types) if (!parseMediaType(type)) throw new TypeError(`Not a media type: ${JSON.stringify(type)}`)
  addVary({ headers: c.errorHeaders }, 'Accept')
  const type = preferredType(c, types)
  if (type === undefined) throw new HttpError(406, `There is ${types.join(', ')}`, { code: 'NOT_ACCEPTABLE' })
  return after(representations[type]!(), (result) => {
    const reply = asReply(result)
    addVary(reply, 'Accept')
    return reply
  })
}

interface Range {
  readonly value: string
  readonly q: number
}

function best(offers: readonly string[], weight: (offer: string) => number): string | undefined {
  let found: string | undefined
  let most = 0
  for (const offer of offers) {
    const own = weight(offer)
    if (own > most) {
      found = offer
      most = own
    }
  }
  return found
}

/** Parameters of a range are ignored, and so are those of what we offer: `text/html;level=1` counts as `text/html`. */
function weightOf(type: string, ranges: readonly Range[]): number {
  const [essence = ''] = type.split(';', 1)
  const [main = ''] = essence.split('/', 1)
  const names = ranges.map(({ value, q }) => ({ name: value.split(';', 1)[0]!.trim(), q }))
  for (const wanted of [essence.trim(), `${main}/*`, '*/*']) {
    const found = names.find(({ name }) => name === wanted)
    if (found) return found.q
  }
  return 0
}

function languageWeight(language: string, ranges: readonly Range[]): number {
  // The tag itself first, then shorter and shorter prefixes of it.
  for (let tag = language; tag !== ''; tag = tag.slice(0, Math.max(0, tag.lastIndexOf('-')))) {
    const found = ranges.find(({ value }) => value === tag)
    if (found) return found.q
  }
  // One that is more specific than what was asked for will do, at a slightly lower weight.
  const narrower = ranges.find(({ value, q }) => q > 0 && value.startsWith(`${language}-`))
  if (narrower) return narrower.q * 0.999
  return ranges.find(({ value }) => value === '*')?.q ?? 0
}
