// What a handler is given and what it may return: the types that applications are written against.
import type { HeadSnapshot } from '@spillway/parser'
import type { AbortedError, Outcome } from './errors.ts'
import type { JsonReplacer } from './json.ts'
import type { BodySource, Reply, ReplyInit, TakeOver } from './reply.ts'
import type { FieldsInit, ReplyHeaders } from './reply-headers.ts'
import type { RequestBody } from './request-body.ts'
import type { Peer } from '../transport/transport.ts'

export type MaybePromise<T> = T | Promise<T>

/** What a handler may return: our own reply, or a fetch `Response`. */
export type Result = Reply | Response

/** Answers one request. The reply of a synchronous handler is sent in the same turn. */
export type Handler<C = Context> = (c: C) => MaybePromise<Result>

/** The request's fields: names are case-insensitive, iteration is in wire order with lower-case names. */
export type RequestHeaders = Pick<HeadSnapshot, 'get' | 'getAll' | 'has'> & Iterable<[name: string, value: string]>

/** The fields of a query. */
export type Query = Pick<URLSearchParams, 'get' | 'getAll' | 'has'> & Iterable<[name: string, value: string]>

/** Marks text as HTML: what was inserted into it has been escaped. */
export interface Html {
  readonly html: string
}

/**
 * One request and the means to answer it. Everything is a view of the request's head, made when it is asked for.
 * @typeParam Params path parameters, typed from the route's pattern.
 * @typeParam State what middleware in front has put into `state`.
 */
export interface Context<Params = {}, State = {}> {
  /**
   * The method as sent; methods are case-sensitive (RFC 9110 §9.1). An extended CONNECT of HTTP/2 is shown as a GET with `Upgrade` among
   * its fields, which means the same (RFC 8441 §5).
   */
  readonly method: string
  /** The request target as sent (RFC 9112 §3.2). */
  readonly target: string
  /**
   * The path as sent, still percent-encoded; `/` for an absolute form without one, `*` for the asterisk form. Code that
   * passes the request on may set it: a router that mounts another one removes the prefix and puts it into `base`. `target`,
   * `url` and `request` stay as they were sent.
   */
  path: string
  /** The prefix that a router removed from `path` for one mounted in it; empty when there is none. */
  base: string
  /**
   * The pattern of the route that answers, as it was registered, for logs and metrics; empty when no router has found one.
   * Set by routers; below a mount it includes the prefix.
   */
  route: string
  /** The query with its `?`, still percent-encoded; empty when there is none. */
  readonly search: string
  /** The decoded query: `get('page')` is the first value of that name or null, `getAll('tag')` all of them. Parsed when it is first used. */
  readonly query: Query
  /** The full URL (RFC 9110 §7.1): scheme from the connection, authority from the target or Host. */
  readonly url: string
  readonly httpVersion: '1.0' | '1.1' | '2.0'
  /** The protocol that an extended CONNECT of HTTP/2 asks for, such as `websocket` (RFC 8441 §4); otherwise empty. */
  readonly protocol: string
  readonly headers: RequestHeaders
  readonly body: RequestBody
  readonly peer: Peer
  /** Parameters of the path; set by a router. */
  params: Readonly<Params>
  /** Values set by middleware. */
  readonly state: State
  /**
   * Aborts with the reason when the client is gone, a deadline has passed, shutdown cut the exchange, or `abort` gave it up;
   * never after success. The client's departure is noticed only when the server reads from it or writes to it: while 64 KiB of content, or
   * of further requests, wait for a handler that neither reads nor writes, nothing is read, and only `timeouts.request` ends that.
   */
  readonly signal: AbortSignal
  /** A genuine fetch `Request`, built when first used; its body is this context's body. */
  readonly request: Request
  /** Plain text in UTF-8. */
  text(content: string, init?: ReplyInit): Reply
  /** @param content text that is already HTML; values in it must have been escaped, for example with the tag `html` of middleware. */
  html(content: string | Html, init?: ReplyInit): Reply
  /**
   * @param replacer what is written in the place of each value, as for `JSON.stringify`.
   * @throws TypeError when the value cannot be written as JSON; what `replacer` throws.
   */
  json(value: unknown, init?: ReplyInit, replacer?: JsonReplacer): Reply
  /** @param status Default: 302 Found. @throws TypeError when the location has characters a field cannot carry. */
  redirect(location: string | URL, status?: 301 | 302 | 303 | 307 | 308): Reply
  /** No content. @param status Default: 204. */
  empty(init?: ReplyInit): Reply
  /** Content read from a source as fast as the client takes it. */
  stream(source: BodySource, init?: ReplyInit): Reply
  /**
   * Leaves HTTP: the reply is 101 (200 for CONNECT, and on the wire of HTTP/2), and then `take` gets the connection and any bytes after the
   * request. @param headers must name the protocol in Upgrade, except for CONNECT (RFC 9110 §7.8).
   * @throws TypeError when they do not; HttpError 426 when the request did not ask for an upgrade (RFC 9110 §7.8).
   */
  upgrade(take: TakeOver, headers?: FieldsInit): Reply
  /**
   * Sends an interim 103 (Early Hints) reply: fields, usually `Link`, that the client can use while the reply is made.
   * Does nothing for HTTP/1.0 clients, which know no interim replies, and once the reply has begun (RFC 8297).
   * @param status another interim status, for proxies, which must pass on those they receive (RFC 9110 §15.2). Default: 103.
   * @throws TypeError when a field cannot be sent; RangeError for a status that is not interim, or that only core sends (100, 101).
   */
  hints(headers: FieldsInit, status?: number): void
  /** Calls back once: after the last byte of the reply, or when it is certain that it will never come. Errors in the callback are reported. */
  done(callback: (outcome: Outcome) => unknown): void
  /**
   * Ends the work that is still going on for this exchange: `signal` aborts, and content that is still being read fails, with the
   * given reason. A reply may still be given. For middleware with limits of its own. Does nothing once the exchange is
   * over or has been aborted.
   */
  abort(reason: AbortedError): void
  /**
   * Calls back with the reason when `signal` aborts, at once if it already has. For what is done with many requests: a signal with a
   * listener takes a kilobyte, and is made only when `signal` is asked for. Errors in the callback are reported.
   */
  onAbort(callback: (reason: AbortedError) => unknown): void
  /**
   * Calls back when the server begins to shut down while this exchange is under way, at once if it already has: this gives
   * endless replies time to finish, rather than being cut at the deadline.
   */
  onShutdown(callback: () => unknown): void
  /**
   * Fields that the reply gets when the handler fails, whoever makes that reply, unless it already has them; `Vary` and
   * `Set-Cookie` are added. For middleware whose fields every reply must carry, because errors bypass that middleware.
   */
  readonly errorHeaders: ReplyHeaders
}
