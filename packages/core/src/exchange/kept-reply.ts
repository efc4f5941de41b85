// Replies that are given again and again, put together once.
import { joinedBytes } from '../transport/transport.ts'
import { Reply } from './reply.ts'
import type { ReplyHeaders } from './reply-headers.ts'

/** What a kept reply is put together for: the facts that may differ from one time to the next. */
export interface KeptFor {
  readonly method: string
  /** Whether the connection stays open. */
  readonly persist: boolean
  readonly written: { readonly dateLine: string; readonly keepAliveLines: string }
}

/** What of a planned message is kept. */
export interface KeptMessage {
  head: string
  content: Uint8Array | null
}

/**
 * A reply that is given again and again, like that of a file in memory. What goes out for it is put together once, and again
 * when the date has changed. Every caller gets a reply of its own; one that was changed is written like any other.
 */
export class KeptReply {
  readonly status: number
  readonly content: Uint8Array | null
  readonly #flat: readonly string[]
  #dateLine = ''
  #keepAliveLines = ''
  #head = ''
  #message = ''

  /** @param fields copied. @param content not to be changed any more. */
  constructor(status: number, fields: ReplyHeaders, content: Uint8Array | null) {
    this.status = status
    this.content = content
    this.#flat = fields.clone().flat
  }

  /** Bytes of memory it takes beside the content, about. */
  get cost(): number {
    const length = this.content?.length ?? 0
    return 1024 + (length <= joinedBytes ? length : 0)
  }

  reply(): Reply {
    const reply = new Reply(this.content, this.status, this.#flat)
    reply.kept = this
    return reply
  }

  /** @internal Whether nobody has changed a reply that was made here. */
  matches({ status, statusText, body, flat, trailers, takeOver }: Reply): boolean {
    return (
      flat === this.#flat &&
      body === this.content &&
      status === this.status &&
      statusText === '' &&
      trailers === undefined &&
      takeOver === undefined
    )
  }

  /** @internal Makes the plan of what is kept. False when it would not be true any more. */
  recall(plan: KeptMessage, { method, persist, written }: KeptFor): boolean {
    if (!persist || this.#dateLine !== written.dateLine || this.#keepAliveLines !== written.keepAliveLines) return false
    const isHead = method === 'HEAD'
    const isJoined = this.#message !== '' && !isHead
    plan.head = isJoined ? this.#message : this.#head
    plan.content = isJoined || isHead ? null : this.content
    return true
  }

  /** @internal Keeps a plan that was made for a reply to GET on a connection that persists. */
  keep({ head, content }: KeptMessage, { written }: KeptFor): void {
    this.#dateLine = written.dateLine
    this.#keepAliveLines = written.keepAliveLines
    const isJoined = content !== null && content.length <= joinedBytes
    this.#head = head
    this.#message = isJoined ? Buffer.concat([Buffer.from(head, 'latin1'), content]).toString('latin1') : ''
  }
}
