import { FIN, Opcode, RSV1, frameHead } from '@spillway/parser/websocket'
import { deflate } from './deflate.ts'

/** A message for many clients: encoded once, and compressed once for each window size in use, of which there is usually one. */
export class PreparedMessage {
  readonly data: string | Uint8Array
  readonly #content: Buffer
  /** Complete frames as latin1 text, by window size; 0 means uncompressed. */
  readonly #frames: Map<number, string> = new Map()

  constructor(data: string | Uint8Array) {
    this.data = data
    this.#content = Buffer.from(data as string)
  }

  /** @param windowBits undefined for no compression. */
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
