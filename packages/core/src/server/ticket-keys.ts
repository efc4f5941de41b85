import { randomBytes } from 'node:crypto'

/** Bytes of the keys of session tickets, as Node takes them: a name, a key for HMAC, and one for AES. */
export const ticketKeyBytes = 48

/**
 * Milliseconds until tickets are written with other keys. Whoever gets hold of the keys can read what was said in TLS 1.2 while they
 * were used (RFC 5077 §5.5); a client whose ticket is older makes one full handshake.
 */
const lifetime = 12 * 60 * 60 * 1000

/** The keys of the session tickets of every listener in this process that was given none. */
class TicketKeys {
  #keys: Buffer = randomBytes(ticketKeyBytes)
  readonly #users: Set<(keys: Buffer) => void> = new Set()
  #timer: ReturnType<typeof setInterval> | undefined
  /** Whether somebody else makes them: all workers of a cluster have those of their primary. */
  #given = false

  /** @param take called now, and whenever there are others. Returns what ends that. */
  use(take: (keys: Buffer) => void): () => void {
    this.#users.add(take)
    take(this.#keys)
    if (!this.#given) this.#timer ??= setInterval(() => this.#set(randomBytes(ticketKeyBytes)), lifetime).unref()
    return () => {
      this.#users.delete(take)
      if (this.#users.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  /** Those that somebody else has made. */
  give(keys: Buffer): void {
    this.#given = true
    clearInterval(this.#timer)
    this.#set(keys)
  }

  #set(keys: Buffer): void {
    this.#keys = keys
    for (const take of this.#users) take(keys)
  }
}

export const ticketKeys: TicketKeys = new TicketKeys()
