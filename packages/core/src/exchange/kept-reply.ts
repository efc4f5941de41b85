// Replies that are sent again and again, put together only once.
import { joinedBytes } from '../transport/transport.ts'
import { Reply } from './reply.ts'
import type { ReplyHeaders } from './reply-headers.ts'

/** The facts that a kept reply depends on, which may differ from one time to the next. */
export interface KeptFor {
  readonly method: string
  /** Whether the connection stays open. */
  readonly persist: boolean
  readonly written: { readonly dateLine: string; readonly keepAliveLines: string }
}

/** The part of a planned message that is kept. */
export interface KeptMessage {
  head: string
  content: Uint8Array | null
}

// decision 030
/**
 * A reply that is sent again and again, like that of a file in memory. Its bytes are put together once, and again
 * when the date has changed. Every caller gets a reply object of its own; one that was changed is written like any other.
 */
export class KeptReply {
  readonly status: number
  readonly content: Uint8Array | null
  readonly #flat: readonly string[]
  #dateLine = ''
  #keepAliveLines = ''
  #head = ''
  #message = ''

  /** @param fields are copied. @param content must not be changed any more. */
  constructor(status: number, fields: ReplyHeaders, content: Uint8Array | null) {
    this.status = status
    this.content = content
    this.#flat = fields.clone().flat
  }

  /** Approximate bytes of memory it takes in addition to the content. */
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

  /** @internal Fills in the plan from what is kept. False when that would no longer be correct. */
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
