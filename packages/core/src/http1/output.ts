import { sliceBytes } from '../exchange/content.ts'
import { decodeLatin1 } from '../transport/bytes.ts'
import type { Holding } from '../transport/holding.ts'
import { type Transport, joinedBytes } from '../transport/transport.ts'

/**
 * Bytes waiting to leave a transport in one write. Text is latin1: a head, or content that is ASCII. Used by HTTP, and by protocols
 * that follow an upgrade.
 */
export class Output {
  /** The transport has asked to wait, until `onDrain`. */
  congested: boolean = false
  /** Bytes written so far. */
  total: number = 0
  /** Bytes waiting. */
  length: number = 0
  readonly #transport: Transport
  #text = ''
  #parts: (string | Uint8Array)[] | undefined
  /** Pieces that may not have reached the operating system. */
  #waiting: { readonly bytes: Uint8Array; readonly end: number }[] | undefined

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Everything that was waiting has been sent. */
  drained(): void {
    this.congested = false
    this.#waiting = undefined
  }

  /** Appends latin1 text. */
  append(text: string): void {
    this.#text += text
    this.length += text.length
  }

  /** Appends bytes; more than 8 KiB must not change until they have been sent. */
  appendBytes(bytes: Uint8Array): void {
    if (bytes.length <= joinedBytes) return this.append(decodeLatin1(bytes, 0, bytes.length))
    this.#parts ??= []
    if (this.#text !== '') this.#parts.push(this.#text)
    this.#text = ''
    this.#parts.push(bytes)
    this.length += bytes.length
  }

  /** Writes everything; false when the transport wants no more for now. */
  flush(): boolean {
    const text = this.#text
    const parts = this.#parts
    this.total += this.length
    this.#text = ''
    this.#parts = undefined
    this.length = 0
    let ready = true
    if (!parts) ready = this.#transport.write(text)
    else {
      if (text !== '') parts.push(text)
      ready = this.#writeAll(parts)
    }
    // A large write counts as "too much" for the transport even when the operating system has taken it at once.
    if (ready || this.#transport.bufferedBytes === 0) return true
    this.congested = true
    if (parts) this.#await(parts)
    return false
  }

  /** What is waiting to be sent. Pieces of bytes may be held by others, too; text is ours. */
  held(holding: Holding): number {
    let alone = this.#transport.bufferedBytes
    const left = this.total - alone
    for (const { bytes, end } of this.#waiting ?? []) {
      const count = Math.max(0, Math.min(bytes.length, end - left))
      alone -= count
      holding.share(bytes.buffer, count)
    }
    for (const part of this.#parts ?? []) if (typeof part !== 'string') holding.share(part.buffer, part.length)
    return alone + this.#text.length
  }

  /** Remembers the pieces of bytes among what was written last, and where each ends in everything that was written. */
  #await(parts: readonly (string | Uint8Array)[]): void {
    let end = this.total
    this.#waiting ??= []
    for (let i = parts.length - 1; i >= 0; i--) {
      const part = parts[i]!
      if (typeof part !== 'string') this.#waiting.push({ bytes: part, end })
      end -= part.length
    }
  }

  /** One write, except that none has more than a slice of content: the end of each write shows that the client takes bytes. */
  #writeAll(parts: readonly (string | Uint8Array)[]): boolean {
    const transport = this.#transport
    let ready = true
    transport.cork()
    for (const part of parts) {
      if (part.length <= sliceBytes || typeof part === 'string') ready = transport.write(part)
      else
        for (let at = 0; at < part.length; at += sliceBytes) {
          ready = transport.write(part.subarray(at, at + sliceBytes))
          transport.uncork()
          transport.cork()
        }
    }
    transport.uncork()
    return ready
  }
}
