import type { Transport } from './transport.ts'

/** Up to here it is cheaper to copy bytes behind the text than to write them as a piece of their own. */
const joinedBytes = 8 * 1024

/** Bytes waiting to leave in one write. Text is latin1: a head, or content that is ASCII. */
export class Output {
  /** The transport asked to wait; `onDrain` ends it. */
  congested: boolean = false
  /** Bytes written so far. */
  total: number = 0
  /** Bytes waiting. */
  length: number = 0
  readonly #transport: Transport
  #text = ''
  #parts: (string | Uint8Array)[] | undefined

  constructor(transport: Transport) {
    this.#transport = transport
  }

  append(text: string): void {
    this.#text += text
    this.length += text.length
  }

  appendBytes(bytes: Uint8Array): void {
    if (bytes.length <= joinedBytes) return this.append(latin1(bytes))
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
      this.#transport.cork()
      for (const part of parts) ready = this.#transport.write(part)
      this.#transport.uncork()
    }
    if (!ready) this.congested = true
    return ready
  }
}

function latin1({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('latin1')
}
