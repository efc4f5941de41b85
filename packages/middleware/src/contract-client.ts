// A client for the routes of a router, typed by the router's type; made of `fetch`, so that it runs in browsers, too.
import { type Rule, type Rules, callback, either, readOptions, record, text } from '@spillway/core/options'
import { type AnyCall, callRules } from './lib/contract/call-rules.ts'
import type { Client } from './lib/contract/client-types.ts'
import { type Sendable, fill, textOf } from './lib/patterns/fill.ts'

export type { Answer, Call, CallInit, Client, Json } from './lib/contract/client-types.ts'

/** Fields by name. */
type Sent = Readonly<Record<string, string>>

/** Options of {@link client}. */
export interface ClientOptions {
  /**
   * Sends the requests. Default: `fetch`. In a test without a network: `injector(app)` of `@spillway/core/testing`, or
   * `toFetch(app)` of `@spillway/core/web`.
   */
  readonly fetch?: (request: Request) => Promise<Response>
  /** Fields of every request, or a function that returns them for each request, for example a token that is renewed. */
  readonly headers?: Sent | (() => Sent | Promise<Sent>)
}

const rules: Rules<ClientOptions> = {
  fetch: callback(),
  headers: either(callback(), record(text())) as Rule<ClientOptions['headers']>,
}

type Content = NonNullable<RequestInit['body']>

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const

/**
 * Calls the routes of a router by its type alone: what a route takes is required, and the type of what it gives follows from the status.
 * `const api = client<typeof app>('https://api.example')`, then `await api('/books/:id').get({ params: { id: '7' } })`.
 * It needs only `fetch` and nothing of a server, so it runs in browsers, too.
 * @param url where the router answers, optionally below a path; in browsers a path alone is enough.
 * @throws TypeError for an unknown option, or one of another kind.
 */
export function client<App>(url: string | URL, options: ClientOptions = {}): Client<App> {
  const base = String(url).replace(/\/$/, '')
  const { fetch: send = (request: Request) => fetch(request), headers: common = {} } = readOptions(rules, options)
  const call = async (method: string, pattern: string, init: AnyCall = {}): Promise<unknown> => {
    const { params = {}, query = {}, headers = {}, body, as, signal } = readOptions(callRules, init)
    const fields = new Headers(typeof common === 'function' ? await common() : common)
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) fields.set(name, textOf(value as Sendable))
    const content = body === undefined ? undefined : written(body, as, fields)
    const request = new Request(resolved(base + fill(pattern, params) + search(query)), {
      method,
      headers: fields,
      ...(content !== undefined && { body: content }),
      ...(signal && { signal }),
    })
    return received(await send(request))
  }
  const routeAt = (pattern: string): object =>
    Object.fromEntries(methods.map((name) => [name, (init?: AnyCall) => call(name.toUpperCase(), pattern, init)]))
  return routeAt as Client<App>
}

/** Browsers resolve a path without a host themselves. */
function resolved(url: string): string {
  const { location } = globalThis as { readonly location?: { readonly href: string } }
  return location ? new URL(url, location.href).href : url
}

function search(query: Readonly<Record<string, unknown>>): string {
  const pairs = pairsOf(query).map(([name, value]): [string, string] => [name, textOf(value as Sendable)])
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs).toString()}`
}

/** One pair for each value; undefined values are left out. */
function pairsOf(fields: object): [string, unknown][] {
  return Object.entries(fields).flatMap(([name, value]: [string, unknown]) =>
    [value].flat().flatMap((one): [string, unknown][] => (one === undefined ? [] : [[name, one]])),
  )
}

function written(body: unknown, as: string = 'json', headers: Headers): Content {
  if (as === 'urlencoded') return new URLSearchParams(search(body as object as Readonly<Record<string, unknown>>))
  if (as === 'multipart') return formOf(body as object)
  if (as === 'json') {
    if (!headers.has('Content-Type')) headers.set('Content-Type', 'application/json')
    return JSON.stringify(body)
  }
  return body as Content
}

function formOf(body: object): FormData {
  const form = new FormData()
  for (const [name, value] of pairsOf(body))
    if (value instanceof Blob) form.append(name, value)
    else form.append(name, textOf(value as Sendable))
  return form
}

async function received(response: Response): Promise<unknown> {
  const { status, ok, headers } = response
  return { status, ok, headers, body: await contentOf(response) }
}

async function contentOf(response: Response): Promise<unknown> {
  const { status, ok, headers } = response
  const type = headers.get('content-type') ?? ''
  if (response.body === null || headers.get('content-length') === '0') return null
  if (/^application\/(?:[^;+]*\+)?json\b/i.test(type)) return response.json()
  const isText = type.startsWith('text/')
  if (ok) return isText ? response.text() : response.blob()
  // Not every refusal comes from the router: a proxy in front may write its own.
  return { title: response.statusText, status, ...(isText && { detail: await response.text() }) }
}
