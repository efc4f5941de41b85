// What a TLS client says before anything is secret.

/** What is spoken with who wants to see that we have a name (RFC 8737 §4). */
export const acmeProtocol: string = 'acme-tls/1'

/** What comes in front of the content of a record (RFC 8446 §5.1). */
const recordHead = 5
const handshakeRecord = 22
const clientHello = 1
/** RFC 7301 §3.1. */
const alpnExtension = 16

/**
 * The protocols that a client offers in its first message (ALPN, RFC 7301): none when it offers none or when this is no such message,
 * which OpenSSL will have to say something about; `more` until the record is whole.
 */
export function offeredProtocols(bytes: Uint8Array): readonly string[] | 'more' {
  if (bytes.length > 0 && bytes[0] !== handshakeRecord) return []
  if (bytes.length < recordHead) return 'more'
  const end = recordHead + ((bytes[3]! << 8) | bytes[4]!)
  if (bytes.length < end) return 'more'
  const message = new Fields(bytes.subarray(recordHead, end))
  if (message.number(1) !== clientHello) return []
  const hello = new Fields(message.vector(3))
  hello.take(2 + 32) // version, random
  hello.vector(1) // session
  hello.vector(2) // ciphers
  hello.vector(1) // compression
  const extensions = new Fields(hello.vector(2))
  while (extensions.rest > 0) {
    const type = extensions.number(2)
    const content = extensions.vector(2)
    if (type === alpnExtension) return names(new Fields(new Fields(content).vector(2)))
  }
  return []
}

function names(list: Fields): string[] {
  const found: string[] = []
  while (list.rest > 0) found.push(Buffer.from(list.vector(1)).toString('latin1'))
  return found
}

/** Reads one field after the other; what is missing at the end is empty, and zero. */
class Fields {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get rest(): number {
    return this.#bytes.length - this.#at
  }

  /** @param size bytes. */
  number(size: number): number {
    return this.take(size).reduce((sum, byte) => sum * 256 + byte, 0)
  }

  /** Content with its length in front (RFC 8446 §3.4). @param size bytes of the length. */
  vector(size: number): Uint8Array {
    return this.take(this.number(size))
  }

  take(size: number): Uint8Array {
    const taken = this.#bytes.subarray(this.#at, this.#at + size)
    this.#at += taken.length
    return taken
  }
}
