// What a shared cache does with a request, and with the reply to it.
import {
  type Context,
  type MaybePromise,
  type Outcome,
  Reply,
  ReplyHeaders,
  RequestBody,
  dropSource,
  guarded,
  printError,
  pullerOf,
} from '@spillway/core'
import { type SentOn, watchSentOn } from '../http/sent-on.ts'
import { type ViewOf, changedHeaders, viewOf } from '../layers/context-view.ts'
import { after } from '../layers/maybe-promise.ts'
import type { Next } from '../layers/types.ts'
import type { Directives } from './directives.ts'
import { FillingBody } from './filling-body.ts'
import { Flights, type Flight } from './flights.ts'
import { isForOneHop, keyOf, overridesMethod, resourceOf } from './key.ts'
import { addStatus, isPartial, serve } from './serve.ts'
import { isStorable } from './storable.ts'
import { Store } from './store.ts'
import { type Stored, type Times, freshenedHeaders, storedOf } from './stored.ts'
import { useOf, useOnError, wishesOf } from './usable.ts'

/** The options of a cache, already checked. */
export interface CacheSettings {
  readonly cacheBytes: number
  readonly entryBytes: number
  readonly heuristic: number
  readonly name: string
}

/** A request on its way through the cache. */
interface Asking {
  readonly c: Context<any, any>
  readonly next: Next
  readonly url: string
  readonly wishes: Directives
  /** A stored response that matches, but must be validated. */
  readonly stale: Stored | undefined
  /** How proxies further in changed the request. */
  readonly sent: readonly SentOn[]
}

/** Conditions and ranges refer to what we have stored; they are removed when the cache validates that (RFC 9111 §4.3.1). */
const conditional = /^(?:if-none-match|if-modified-since|if-range|range)$/

/** A shared cache (RFC 9111) in front of what `next` leads to. */
export class HttpCache {
  readonly #settings: CacheSettings
  readonly #store: Store
  readonly #flights: Flights = new Flights()

  constructor(settings: CacheSettings) {
    this.#settings = settings
    this.#store = new Store(settings.cacheBytes)
  }

  answer(c: Context<any, any>, next: Next): MaybePromise<Reply> {
    const { method, headers } = c
    if (method !== 'GET' && method !== 'HEAD') return this.#pass(c, next, 'fwd=method')
    const wishes = wishesOf(headers)
    if (wishes.has('no-store')) return this.#pass(c, next, 'fwd=request')
    // These conditions are for the origin to decide (§4.3.2), and a GET with content cannot be a key.
    if (
      headers.has('if-match') ||
      headers.has('if-unmodified-since') ||
      hasContent(c) ||
      isForOneHop(c) ||
      overridesMethod(c)
    )
      return this.#pass(c, next, 'fwd=bypass')
    const url = keyOf(c)
    const now = Date.now()
    const stored = this.#store.find(url, headers)
    const use = stored && useOf(stored, wishes, now)
    if (stored && use !== 'validate') {
      const ttl = Math.floor((stored.lifetime - (stored.initialAge + now - stored.since)) / 1000)
      if (use === 'while-revalidate') this.#refresh({ c, next, url, wishes, stale: stored, sent: watchSentOn(c) })
      return serve(c, stored, now, this.#said(`hit; ttl=${ttl}`))
    }
    if (wishes.has('only-if-cached')) {
      const said = this.#said('detail=only-if-cached')
      return new Reply(null, { status: 504, headers: { 'Cache-Status': said } })
    }
    return this.#fetch({ c, next, url, wishes, stale: stored, sent: watchSentOn(c) })
  }

  /** Passes on what the cache does not answer; an unsafe method that succeeds invalidates the stored resource (§4.4). */
  #pass(c: Context<any, any>, next: Next, why: string): MaybePromise<Reply> {
    return after(next(), (reply) => {
      addStatus(reply.headers, this.#said(why))
      const isSafe = /^(?:GET|HEAD|OPTIONS|TRACE)$/.test(c.method) && !overridesMethod(c)
      if (!isSafe && reply.status < 400) this.#invalidate(c, reply)
      return reply
    })
  }

  #invalidate(c: Context<any, any>, { headers }: Reply): void {
    const [url = ''] = keyOf(c).split(' ', 1)
    for (const reference of ['', headers.get('Location'), headers.get('Content-Location')]) {
      if (reference === null || !URL.canParse(reference, url)) continue
      const target = new URL(reference, url)
      // A reply must not be able to empty the cache of another origin's resources.
      if (target.origin !== new URL(url).origin) continue
      const resource = resourceOf(
        reference === '' ? url : target.href.slice(0, target.href.length - target.hash.length),
      )
      this.#store.invalidate(resource)
      this.#flights.spoil(resource)
    }
  }

  /** Asks what is behind the cache; of several concurrent requests for the same, one goes on and the others wait (collapsed). */
  async #fetch(asking: Asking): Promise<Reply> {
    const { c, url, wishes, stale } = asking
    const why = stale ? 'fwd=stale' : this.#store.has(url) ? 'fwd=vary-miss' : 'fwd=uri-miss'
    const key = credentialsOf(c) + this.#store.selector(url, c.headers)
    const flight = this.#flights.get(key)
    if (flight) {
      await flight.landed
      if (c.signal.aborted) throw c.signal.reason
      const now = Date.now()
      const stored = this.#store.find(url, c.headers)
      if (stored && useOf(stored, wishes, now) === 'fresh')
        return serve(c, stored, now, this.#said(`${why}; collapsed`))
      return this.#forward({ ...asking, stale: stored }, why, undefined)
    }
    // The reply to a range, a condition or a HEAD would be of no use to the others.
    const leads = c.method === 'GET' && (stale !== undefined || !isPartial(c)) && !this.#flights.isFutile(key)
    return this.#forward(asking, why, leads ? this.#flights.start(key, resourceOf(url)) : undefined)
  }

  async #forward(asking: Asking, why: string, flight: Flight | undefined): Promise<Reply> {
    const { c, next, wishes } = asking
    const stale = c.method === 'GET' ? asking.stale : undefined
    const requested = Date.now()
    let reply
    try {
      reply = await next(stale ? viewOf(c, { headers: validating(c, stale) }) : c)
    } catch (error) {
      flight?.land()
      const now = Date.now()
      if (!stale || c.signal.aborted || !useOnError(stale, wishes, now)) throw error
      return serve(c, stale, now, this.#said(`${why}; detail=stale-if-error`))
    }
    return this.#received({ ...asking, stale }, reply, { requested, received: Date.now() }, why, flight)
  }

  #received(asking: Asking, reply: Reply, times: Times, why: string, flight: Flight | undefined): Reply {
    const { c, stale, wishes } = asking
    const said = this.#said(`${why}; fwd-status=${reply.status}`)
    if (stale && reply.status === 304) {
      dropSource(reply.body, undefined)
      const fresh = this.#freshen(asking, stale, reply, times, flight)
      flight?.land()
      const served = serve(c, fresh, times.received, said)
      for (const cookie of reply.headers.getSetCookie()) served.headers.append('Set-Cookie', cookie)
      return served
    }
    if (stale && reply.status >= 500 && useOnError(stale, wishes, times.received)) {
      dropSource(reply.body, undefined)
      flight?.land()
      return serve(c, stale, times.received, `${said}; detail=stale-if-error`)
    }
    const stored = this.#keep(asking, reply, times, flight)
    addStatus(reply.headers, stored ? `${said}; stored` : said)
    return reply
  }

  /** The stored response after a 304; none if the 304 forbids storing it. */
  #freshen(
    { c, url, sent }: Asking,
    stale: Stored,
    { headers }: Reply,
    times: Times,
    flight: Flight | undefined,
  ): Stored {
    const { entryBytes, heuristic } = this.#settings
    const whole = new Reply(null, { status: stale.status, headers: freshenedHeaders(stale, headers) })
    const fresh = storedOf(whole, stale.content, c.headers, times, heuristic)
    const tag = headers.get('ETag')
    const same = tag === null || tag.replace('W/', '') === stale.headers.get('ETag')?.replace('W/', '')
    if (same && !flight?.spoiled && isStorable(c, whole, times.received, entryBytes, heuristic, sent))
      this.#store.put(url, fresh, c.headers)
    else this.#store.remove(url, stale)
    return fresh
  }

  /** Stores a reply, now or when its content is complete. Returns whether it will be stored, as far as is known by now. */
  #keep(asking: Asking, reply: Reply, times: Times, flight: Flight | undefined): boolean {
    const { c, url, stale, sent } = asking
    const { entryBytes, heuristic } = this.#settings
    if (!isStorable(c, reply, times.received, entryBytes, heuristic, sent)) {
      // The new reply has superseded what we had stored.
      if (stale && reply.status < 500) this.#store.remove(url, stale)
      // A faulty request must not influence what other requests get.
      flight?.land({ futile: reply.status < 400 })
      return false
    }
    const head = new Reply(null, { status: reply.status, headers: reply.headers })
    const complete = (content: Uint8Array | 'too long' | undefined): void => {
      const length = head.headers.get('Content-Length')
      const whole = content instanceof Uint8Array && (length === null || Number(length) === content.length)
      if (whole && content.length <= entryBytes && !flight?.spoiled)
        this.#store.put(url, storedOf(head, content, c.headers, times, heuristic), c.headers)
      flight?.land({ futile: content === 'too long' })
    }
    const { body } = reply
    if (body === null || typeof body === 'string' || body instanceof Uint8Array) complete(Buffer.from(body ?? ''))
    else reply.body = new FillingBody(pullerOf(body), entryBytes, complete)
    return true
  }

  /** Fetches a new response while the old one is being used (RFC 5861 §3). The exchange may be over before that is done. */
  #refresh(asking: Asking): void {
    const { c, url, stale } = asking
    const key = credentialsOf(c) + this.#store.selector(url, c.headers)
    if (this.#flights.get(key)) return
    const flight = this.#flights.start(key, resourceOf(url))
    const callbacks: ((outcome: Outcome) => unknown)[] = []
    const view = viewOf(c, inBackground(c, validating(c, stale!), callbacks))
    const run = async (): Promise<void> => {
      const requested = Date.now()
      let status = 0
      try {
        const reply = await asking.next(view)
        status = reply.status
        const { body } = this.#received({ ...asking, c: view }, reply, { requested, received: Date.now() }, '', flight)
        if (body instanceof FillingBody) for await (const _ of body) if (!this.#flights.get(key)) break
        dropSource(body, undefined)
      } catch {
        // The stored response stays stale. Once it can no longer be used, the next request will see the error.
      }
      flight.land()
      for (const callback of callbacks) guarded(callback, printRefresh, { kind: 'sent', status, bytes: 0 })
    }
    void run()
  }

  #said(what: string): string {
    return `${this.#settings.name}; ${what}`
  }
}

/**
 * Whether a reply is for a single client depends on whether the request had credentials. So requests with and without them wait only
 * for others of their own kind, and only influence whether that kind waits.
 */
function credentialsOf({ headers }: Context<any, any>): string {
  return headers.has('authorization') ? 'authorization ' : headers.has('cookie') ? 'cookie ' : ''
}

/** The body is checked only if no field says whether there is one: a body object is not created until somebody asks for it. */
function hasContent(c: Context<any, any>): boolean {
  const { headers, httpVersion } = c
  return (
    headers.has('content-length') || headers.has('transfer-encoding') || (httpVersion === '2.0' && c.body.length !== 0)
  )
}

/** The fields of a request that validates a stored response (§4.3.1). */
function validating({ headers }: Context<any, any>, stale: Stored): Context['headers'] {
  const added = new Map<string, string>()
  const etag = stale.headers.get('ETag')
  const modified = stale.headers.get('Last-Modified')
  if (etag !== null) added.set('if-none-match', etag)
  if (modified !== null) added.set('if-modified-since', modified)
  return changedHeaders(headers, (name) => conditional.test(name), added)
}

/** The exchange as it is now, for work that outlives it: it does not matter that the client leaves or has already got its reply. */
function inBackground(
  c: Context<any, any>,
  headers: Context['headers'],
  callbacks: ((outcome: Outcome) => unknown)[],
): ViewOf {
  return {
    method: 'GET',
    headers,
    path: c.path,
    base: c.base,
    params: c.params,
    state: c.state,
    signal: new AbortController().signal,
    onAbort: () => {},
    errorHeaders: new ReplyHeaders(),
    body: new RequestBody({ demand: () => {} }, 0, 0),
    done: (callback: (outcome: Outcome) => unknown) => void callbacks.push(callback),
    hints: () => {},
  }
}

function printRefresh(error: unknown): void {
  printError('while a response was fetched anew', error)
}
