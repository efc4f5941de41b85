import { FIN, Opcode, RSV1, frameHead } from '@spillway/parser/websocket'
import { deflate } from './deflate.ts'

/** A message for many clients: encoded once, and compressed once for each window that was agreed on, which is one most often. */
export class PreparedMessage {
  readonly data: string | Uint8Array
  readonly #content: Buffer
  /** Whole frames as latin1 text, by the window; 0 without compression. */
  readonly #frames: Map<number, string> = new Map()

  constructor(data: string | Uint8Array) {
    this.data = data
    this.#content = Buffer.from(data as string)
  }

  /** @param windowBits undefined: not compressed. */
  frame(windowBits: number | undefined): string {
    const known = this.#frames.get(windowBits ?? 0)
    if (known !== undefined) return known
    const packed = windowBits === undefined ? undefined : deflate(this.#content, windowBits)
    const content = packed ? Buffer.from(packed.buffer, packed.byteOffset, packed.length) : this.#content
    const first = FIN | (typeof this.data === 'string' ? Opcode.Text : Opcode.Binary) | (packed ? RSV1 : 0)
    const frame = frameHead(first, content.length) + content.toString('latin1')
    this.#frames.set(windowBits ?? 0, frame)
    return frame
  }
}
