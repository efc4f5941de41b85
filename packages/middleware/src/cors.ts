// Who may read replies from pages of other origins (CORS).
import { type Context, type MaybePromise, Reply, type ReplyHeaders } from '@spillway/core'
import {
  type Read,
  type Rules,
  callback,
  choice,
  either,
  flag,
  list,
  readOptions,
  required,
  text,
  whole,
} from '@spillway/core/options'
import { isFieldName } from '@spillway/parser/serialize'
import { addVary } from './lib/http/changed-body.ts'
import { originSet } from './lib/http/origin.ts'
import { named } from './lib/layers/layer-trace.ts'
import { after } from './lib/layers/maybe-promise.ts'
import { withFields } from './lib/layers/reply-fields.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link cors}. */
export interface CorsOptions {
  /**
   * Who may read replies: a list of origins, `*` for everybody, or a function that decides, possibly with a promise. There is no
   * default: this is the one question CORS is about.
   */
  readonly origins: '*' | readonly string[] | ((origin: string, c: Context) => MaybePromise<boolean>)
  /** Methods that may be used. Default: GET, HEAD, POST, PUT, PATCH and DELETE. */
  readonly methods?: readonly string[]
  /** Request fields that may be sent, in addition to those that always may. Default: `Content-Type` and `Authorization`. */
  readonly allowHeaders?: readonly string[]
  /** Reply fields that scripts may read, in addition to those they always may. Default: none. */
  readonly exposeHeaders?: readonly string[]
  /** Whether cookies and other credentials may be sent. Cannot be combined with `*`. Default: false. */
  readonly credentials?: boolean
  /** Seconds for which a browser may remember a preflight. Default: 7200, the most that Chromium allows. */
  readonly maxAge?: number
}

const rules: Rules<Required<CorsOptions>> = {
  origins: required(
    either(choice(['*'], '*'), either(callback<(origin: string, c: Context) => MaybePromise<boolean>>(), list(text()))),
  ),
  methods: list(text(), ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']),
  allowHeaders: list(text(), ['Content-Type', 'Authorization']),
  exposeHeaders: list(text()),
  credentials: flag(),
  maxAge: whole(7200, { to: Number.MAX_SAFE_INTEGER }),
}

type KnownOptions = Read<typeof rules>

/**
 * Lets scripts of other origins read replies (Fetch §3.2); all lists are written out when the
 * application starts. Preflights are answered here with 204 and go no further. A request from an origin that is not allowed
 * is still handled, only without the fields, as the protocol says: refusing it is the job of `csrf`.
 * Error replies carry the fields, too, so that scripts can see what failed.
 * @throws TypeError for credentials with `*`, which would let every site read as the user, and for anything that is not an origin,
 * method or field name; RangeError for seconds that are not a whole number from 0 up.
 */
export function cors(given: CorsOptions): Middleware {
  const options = readOptions(rules, given)
  const { origins, credentials } = options
  if (origins === '*' && credentials)
    throw new TypeError('CORS with credentials for every origin would let any site act as the user: list the origins')
  // With credentials, browsers treat `*` as an ordinary name, which nobody uses (Fetch §3.2.5).
  for (const name of ['methods', 'allowHeaders', 'exposeHeaders'] as const)
    if (credentials && options[name].includes('*'))
      throw new TypeError(`The option \`${name}\` cannot be '*' with credentials: browsers then take it for a name`)
  const isAllowed = decide(origins)
  const anybody = origins === '*'
  const preflight = preflightFields(options)
  const exposed = joined(options.exposeHeaders)
  const mayRead = (c: Context<any, any>): MaybePromise<boolean> => {
    const origin = c.headers.get('origin')
    return origin !== null && isAllowed(origin, c)
  }
  const tell = (c: Context<any, any>, headers: ReplyHeaders, allowed: boolean): void => {
    if (!anybody) addVary({ headers }, 'Origin')
    if (!allowed) return
    headers.set('Access-Control-Allow-Origin', anybody ? '*' : c.headers.get('origin')!)
    if (credentials) headers.set('Access-Control-Allow-Credentials', 'true')
  }
  return named('cors', (c, next) => {
    if (c.method === 'OPTIONS' && c.headers.has('origin') && c.headers.has('access-control-request-method'))
      return after(mayRead(c), (allowed) => {
        const reply = new Reply(null, 204)
        tell(c, reply.headers, allowed)
        if (allowed) for (const [name, value] of preflight) reply.headers.set(name, value)
        return reply
      })
    // The permission is checked first, because what has begun would have to wait for the answer.
    return after(mayRead(c), (allowed) =>
      withFields(c, next, (headers) => {
        tell(c, headers, allowed)
        if (allowed && exposed) headers.set('Access-Control-Expose-Headers', exposed)
      }),
    )
  })
}

function decide(origins: CorsOptions['origins']): (origin: string, c: Context) => MaybePromise<boolean> {
  if (origins === '*') return () => true
  if (typeof origins === 'function') return (origin, c) => after(origins(origin, c), (answer) => yesOrNo(answer))
  const allowed = originSet(origins)
  return (origin) => allowed.has(origin)
}

function yesOrNo(answer: unknown): boolean {
  if (typeof answer !== 'boolean') throw new TypeError('`origins` must return true or false')
  return answer
}

function preflightFields({ methods, allowHeaders, maxAge }: KnownOptions): [name: string, value: string][] {
  const fields: [string, string][] = [
    ['Access-Control-Allow-Methods', joined(methods)],
    ['Access-Control-Allow-Headers', joined(allowHeaders)],
    ['Access-Control-Max-Age', String(maxAge)],
  ]
  return fields.filter(([, value]) => value !== '')
}

/** Methods and field names are both tokens. */
function joined(tokens: readonly string[]): string {
  for (const token of tokens)
    if (!isFieldName(token)) throw new TypeError(`Not a method or field name: ${JSON.stringify(token)}`)
  return tokens.join(', ')
}
