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
import { after } from './lib/layers/maybe-promise.ts'
import { withFields } from './lib/layers/reply-fields.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Options of {@link cors}. */
export interface CorsOptions {
  /**
   * Who may read replies: a list of origins, `*` for everybody, or a function that decides, now or later. There is no default: it
   * is the one question CORS asks.
   */
  readonly origins: '*' | readonly string[] | ((origin: string, c: Context) => MaybePromise<boolean>)
  /** Methods that may be used. Default: those a REST interface has. */
  readonly methods?: readonly string[]
  /** Request fields that may be sent beside those that always may. Default: `Content-Type` and `Authorization`. */
  readonly allowHeaders?: readonly string[]
  /** Reply fields that scripts may read beside those they always may. Default: none. */
  readonly exposeHeaders?: readonly string[]
  /** Whether cookies and other credentials may be sent. Not with `*`. Default: false. */
  readonly credentials?: boolean
  /** Seconds a browser may remember a preflight. Default: 7200, the most that Chromium does. */
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
 * Lets scripts of other origins read replies (Fetch §3.2); everything is decided by lists that are written out when the
 * application starts. Preflights are answered with 204 here and go no further. A request of an origin that is not allowed
 * is handled all the same, without the fields, as the protocol has it: to refuse it is the task of `csrf`.
 * Replies to errors carry the fields, too, so that scripts can see what failed.
 * @throws TypeError for credentials with `*`, which would let every site read as the user, and for what is not an origin,
 * method or field name; RangeError for seconds that are no whole number from 0 on.
 */
export function cors(given: CorsOptions): Middleware {
  const options = readOptions(rules, given)
  const { origins, credentials } = options
  if (origins === '*' && credentials)
    throw new TypeError('CORS with credentials for every origin would let any site act as the user: list the origins')
  // To browsers it is a name like any other then, which nobody uses (Fetch §3.2.5).
  for (const name of ['methods', 'allowHeaders', 'exposeHeaders'] as const)
    if (credentials && options[name].includes('*'))
      throw new TypeError(`The option \`${name}\` with credentials cannot be '*', which stands for nothing then`)
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
  return (c, next) => {
    if (c.method === 'OPTIONS' && c.headers.has('origin') && c.headers.has('access-control-request-method'))
      return after(mayRead(c), (allowed) => {
        const reply = new Reply(null, 204)
        tell(c, reply.headers, allowed)
        if (allowed) for (const [name, value] of preflight) reply.headers.set(name, value)
        return reply
      })
    // It is asked first: what has begun would wait for the answer.
    return after(mayRead(c), (allowed) =>
      withFields(c, next, (headers) => {
        tell(c, headers, allowed)
        if (allowed && exposed) headers.set('Access-Control-Expose-Headers', exposed)
      }),
    )
  }
}

function decide(origins: CorsOptions['origins']): (origin: string, c: Context) => MaybePromise<boolean> {
  if (origins === '*') return () => true
  if (typeof origins === 'function') return (origin, c) => after(origins(origin, c), (answer) => yesOrNo(answer))
  const allowed = originSet(origins)
  return (origin) => allowed.has(origin)
}

function yesOrNo(answer: unknown): boolean {
  if (typeof answer !== 'boolean') throw new TypeError('`origins` answers with true or false')
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
