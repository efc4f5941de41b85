// What a handler is given and what it may return: the types that applications are written against.
import type { HeadSnapshot } from '@spillway/parser'
import type { AbortedError, Outcome } from './errors.ts'
import type { BodySource, Reply, ReplyInit, TakeOver } from './reply.ts'
import type { FieldsInit, ReplyHeaders } from './reply-headers.ts'
import type { RequestBody } from './request-body.ts'
import type { Peer } from '../transport/transport.ts'

export type MaybePromise<T> = T | Promise<T>

/** What a handler may return: our own reply, or a fetch `Response`. */
export type Result = Reply | Response

/** Answers one request. A synchronous handler is answered in the same turn. */
export type Handler<C = Context> = (c: C) => MaybePromise<Result>

/** The request's fields: names compare without case, iteration is in wire order with lower-case names. */
export type RequestHeaders = Pick<HeadSnapshot, 'get' | 'getAll' | 'has'> & Iterable<[name: string, value: string]>

/** The fields of a query. */
export type Query = Pick<URLSearchParams, 'get' | 'getAll' | 'has'> & Iterable<[name: string, value: string]>

/** HTML that knows that it is some: what was written into it has been escaped. */
export interface Html {
  readonly html: string
}

/**
 * One request and the means to answer it. Everything is a view over the request's head, made when it is asked for.
 * @typeParam Params path parameters, typed from the route's pattern.
 * @typeParam State what middleware in front has put into `state`.
 */
export interface Context<Params = {}, State = {}> {
  /**
   * The method as sent; methods are case-sensitive (RFC 9110 §9.1). GET for an extended CONNECT of HTTP/2, with `Upgrade` among
   * the fields: that is what it means (RFC 8441 §5).
   */
  readonly method: string
  /** The request target as sent (RFC 9112 §3.2). */
  readonly target: string
  /**
   * The path as sent, still percent-encoded; `/` for an absolute form without one, `*` for the asterisk form. Who hands
   * the request on may set it: a router that mounts another one takes the prefix off and puts it into `base`. `target`,
   * `url` and `request` stay what was sent.
   */
  path: string
  /** What a router that mounts another one took off the front of `path`; empty when there is none. */
  base: string
  /**
   * The pattern of the route that answers, as it was registered, for logs and numbers; empty when no router has found one.
   * Set by routers, below a mount with the prefix in front.
   */
  route: string
  /** The query with its `?`, still percent-encoded; empty when there is none. */
  readonly search: string
  /** The query's fields, decoded: `get('page')` is the first of that name or null, `getAll('tag')` are all. Made when it is asked for. */
  readonly query: Query
  /** The full URL (RFC 9110 §7.1): scheme from the connection, authority from the target or Host. */
  readonly url: string
  readonly httpVersion: '1.0' | '1.1' | '2.0'
  /** The protocol that an extended CONNECT of HTTP/2 asks for, `websocket` for example (RFC 8441 §4); otherwise empty. */
  readonly protocol: string
  readonly headers: RequestHeaders
  readonly body: RequestBody
  readonly peer: Peer
  /** Parameters of the path; set by a router. */
  params: Readonly<Params>
  /** Slots for middleware. */
  readonly state: State
  /**
   * Aborts with the reason when the client is gone, a deadline passed, shutdown cut the exchange, or `abort` gave it up;
   * never after success. That the client is gone shows when it is read from or written to: while 64 KiB of content, or of further
   * requests, wait for a handler that neither reads nor writes, nothing is read, and only `timeouts.request` ends that.
   */
  readonly signal: AbortSignal
  /** A genuine fetch `Request`, built when first touched; its body is this context's body. */
  readonly request: Request
  /** Plain text in UTF-8. */
  text(content: string, init?: ReplyInit): Reply
  /** @param content text that is HTML already; whatever is written into it has to be escaped, as the tag `html` of middleware does. */
  html(content: string | Html, init?: ReplyInit): Reply
  /** @throws TypeError when the value cannot be written as JSON. */
  json(value: unknown, init?: ReplyInit): Reply
  /** @param status Default: 302 Found. @throws TypeError when the location has characters a field cannot carry. */
  redirect(location: string, status?: 301 | 302 | 303 | 307 | 308): Reply
  /** No content. @param status Default: 204. */
  empty(init?: ReplyInit): Reply
  /** Content read from a source as fast as the client takes it. */
  stream(source: BodySource, init?: ReplyInit): Reply
  /**
   * Leaves HTTP: the reply is 101 (200 to CONNECT, and on the wire of HTTP/2), and then `take` gets the connection and the bytes behind the request.
   * @param headers have to say which protocol follows, with Upgrade; not to CONNECT (RFC 9110 §7.8).
   * @throws TypeError when they do not; HttpError 426 when the request did not ask for an upgrade (RFC 9110 §7.8).
   */
  upgrade(take: TakeOver, headers?: FieldsInit): Reply
  /**
   * Sends an interim 103 (Early Hints) reply: fields, most often `Link`, that the client can use while the reply is made.
   * Does nothing for HTTP/1.0 clients, which know no interim replies, and once the reply has begun (RFC 8297).
   * @param status another interim status, for who passes one on: a proxy has to (RFC 9110 §15.2). Default: 103.
   * @throws TypeError when a field cannot be sent; RangeError for a status that is not interim, or is core's to send (100, 101).
   */
  hints(headers: FieldsInit, status?: number): void
  /** Calls back once: after the last byte of the reply, or when it will never come. What throws or rejects there is reported. */
  done(callback: (outcome: Outcome) => unknown): void
  /**
   * Gives the work up that still goes on for this exchange: `signal` aborts, and content that is still read fails, with the
   * reason. A reply may be given all the same. For middleware with a limit of its own. Does nothing once the exchange is
   * over, or aborted already.
   */
  abort(reason: AbortedError): void
  /**
   * Calls back when the server begins to shut down and this exchange is not over, at once when it has begun before: time
   * for a reply without an end to find one, rather than being cut at the deadline.
   */
  onShutdown(callback: () => unknown): void
  /**
   * Fields that the reply gets when the handler fails, whoever makes it, unless it has them already; `Vary` and
   * `Set-Cookie` are added. For middleware whose fields every reply must carry: an error passes it by.
   */
  readonly errorHeaders: ReplyHeaders
}
