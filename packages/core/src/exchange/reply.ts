// Replies, and what can be turned into one.
import { reasonPhrase } from '@spillway/parser/serialize'
import type { Result } from './context.ts'
import type { KeptReply } from './kept-reply.ts'
import { type FieldsInit, ReplyHeaders, addHeaders, fieldLine, noFields } from './reply-headers.ts'
import { type ResponseLike, contentOf, copyFields, isResponse } from './response-like.ts'
import { kindOf } from './guarded.ts'
import { bound } from './scope.ts'
import { type Source, checkedPiece, isSource, own, pullerOf } from './source.ts'
import { wrongResult } from './wrong-result.ts'
import type { Transport } from '../transport/transport.ts'

/**
 * The content of a reply. A string is sent as UTF-8. Streams are read only as fast as the client takes them and are
 * cancelled when it leaves; Node's `Readable` is an async iterable of bytes. The head waits for the first piece, at most 50 ms: if a
 * source fails before that, the reply is an error reply. An empty piece lets the head go. An iterator's `next` gets the last piece back
 * once its bytes have been sent, and may reuse them for the next. A source that reads ahead reports what it holds through {@link Holds}:
 * this counts towards `limits.bufferedBytes`.
 */
export type BodySource = null | string | Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>

/** What `c.text(…)` and the other helpers accept in addition to the content: a status, or status and fields. */
export type ReplyInit = number | { readonly status?: number; readonly headers?: FieldsInit }

/**
 * Takes over a connection after an accepted upgrade: its transport, and the bytes that came after the request. Events that happen
 * before it attaches to the transport wait. If it throws or rejects, the connection is cut.
 */
export type TakeOver = (transport: Transport, leftover: Uint8Array) => unknown

const applicationJson = fieldLine('Content-Type', 'application/json')

// decision 039
/** The answer to a request: status, fields and content, all of which can be changed until core writes it. */
export class Reply {
  status: number
  private content: BodySource
  private atEnd: (() => FieldsInit) | undefined
  /**
   * The reason phrase of the status line; empty for the registered one. HTTP/2 has none, and one that HTTP/1.1 cannot carry
   * is left out (RFC 9112 §4).
   */
  statusText: string
  /**
   * Trailer fields, requested when the content has ended. Only sent with chunked replies and over HTTP/2; fields that are
   * not allowed there, such as Content-Length or Set-Cookie, are left out (RFC 9110 §6.5.1).
   */
  get trailers(): (() => FieldsInit) | undefined {
    return this.atEnd
  }

  set trailers(trailers: (() => FieldsInit) | undefined) {
    this.atEnd = typeof trailers === 'function' ? bound(trailers) : trailers
  }

  /** @internal Transfer codings of the content other than chunked (RFC 9112 §7), whose names are known to be tokens. */
  codings: string | undefined
  /** @internal Set by `c.upgrade`. With a status of 0 nothing is sent before: see {@link handedOver}. */
  takeOver: TakeOver | undefined
  /** @internal Where this reply came from. */
  kept: KeptReply | undefined

  // Most replies are sent with the fields they began with, and then only the list is needed. Not `#private`, so that a
  // `Proxy` around a reply works.
  private fields: ReplyHeaders | undefined
  private readonly initial: readonly string[]

  /** @param fields @internal used without a copy: as headers, or as their initial list. */
  constructor(body: BodySource = null, init: ReplyInit = 200, fields: ReplyHeaders | readonly string[] = noFields) {
    this.content = body
    if (typeof body !== 'string' && body !== null) own(body)
    this.statusText = ''
    this.atEnd = undefined
    this.codings = undefined
    this.takeOver = undefined
    this.kept = undefined
    const isList = !(fields instanceof ReplyHeaders)
    this.fields = isList ? undefined : fields
    this.initial = isList ? fields : noFields
    if (typeof init === 'number') {
      this.status = init
      return
    }
    if (typeof init !== 'object' || init === null) throw new TypeError(wrongInit(init))
    this.status = init.status ?? 200
    if (init.headers) addHeaders(this.headers, init.headers)
  }

  /** The content. Once a source is set here, core is responsible for releasing it. */
  get body(): BodySource {
    return this.content
  }

  set body(body: BodySource) {
    this.content = body
    if (typeof body !== 'string' && body !== null) own(body)
  }

  /** The fields, except those that core writes itself. */
  get headers(): ReplyHeaders {
    return (this.fields ??= new ReplyHeaders(this.initial))
  }

  /** @internal As {@link ReplyHeaders.flat}. */
  get flat(): readonly string[] {
    return this.fields === undefined ? this.initial : this.fields.flat
  }

  /** A reply with text that is already JSON. */
  static ofJson(text: string, init?: ReplyInit): Reply {
    return new Reply(text, init, applicationJson)
  }

  /**
   * Makes a reply of a fetch `Response`, of any realm or library; its body is streamed, and the `Response` is used up. A
   * `Reply` is returned as it is.
   * @param what the beginning of the error message for anything else, up to its verb.
   * @throws TypeError when the body of a `Response` has already been read, or it is neither.
   */
  static from(given: Result, what: string = 'Reply.from was given'): Reply {
    return replyOf(given, what)
  }

  /** The same answer as a fetch `Response`, sharing the content. */
  toResponse(): Response {
    const { body, status, statusText } = this
    const isForeign = isSource(body) && !(body instanceof ReadableStream)
    const content = isForeign ? streamOf(body) : (body as string | Uint8Array<ArrayBuffer> | ReadableStream | null)
    return new Response(content, { status, statusText, headers: [...this.headers] })
  }
}

function wrongInit(init: unknown): string {
  return `A reply begins with a status, or an object of status and headers, not ${kindOf(init)}`
}

/**
 * Takes the place of a reply: `take` gets the connection, or the HTTP/2 stream, and sends on it whatever has to be sent.
 * @internal
 */
export function handedOver(take: TakeOver): Reply {
  const reply = new Reply(null, 0)
  reply.takeOver = take
  return reply
}

/** What a handler or hook returned, as a reply. @throws TypeError when it is not one. */
export function replyOf(result: unknown, what: string = 'The handler returned'): Reply {
  if (result instanceof Reply) return result
  if (isResponse(result)) return ofResponse(result)
  if (isReply(result)) return ofReply(result)
  throw new TypeError(`${what} ${wrongResult(result)}`)
}

/** Whether something that was thrown is a reply. Inspecting it may run foreign code. */
export function isAnswer(error: unknown): error is Reply | Response {
  return error instanceof Reply || isResponse(error) || isReply(error)
}

/** A reply of another copy of this package. */
function isReply(value: unknown): value is Reply {
  return typeof value === 'object' && value !== null && typeof (value as Partial<Reply>).toResponse === 'function'
}

function ofReply(other: Reply): Reply {
  const reply = new Reply(other.body, { status: other.status, headers: other.headers })
  reply.statusText = other.statusText
  reply.codings = other.codings
  reply.trailers = other.trailers
  reply.takeOver = other.takeOver
  return reply
}

function ofResponse(response: ResponseLike): Reply {
  const reply = new Reply(contentOf(response), response.status)
  const { status, statusText = '' } = response
  if (statusText !== reasonPhrase(status)) reply.statusText = statusText
  copyFields(response, reply.headers)
  return reply
}

function streamOf(source: Source): ReadableStream<Uint8Array> {
  const puller = pullerOf(source)
  const utf8 = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await puller.next()
      if (done) return controller.close()
      const piece = checkedPiece(value)
      controller.enqueue(typeof piece === 'string' ? utf8.encode(piece) : piece)
    },
    async cancel(reason) {
      await puller.cancel(reason)
    },
  })
}
