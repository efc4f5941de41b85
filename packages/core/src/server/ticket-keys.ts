// The keys of TLS session tickets.
import { randomBytes } from 'node:crypto'

/** Bytes of the keys of session tickets, as Node expects them: a name, a key for HMAC, and one for AES. */
export const ticketKeyBytes = 48

/**
 * Milliseconds until tickets are written with new keys. Anyone who obtains the keys can read what was sent over TLS 1.2 while they
 * were in use (RFC 5077 §5.5); a client with an older ticket makes one full handshake.
 */
const lifetime = 12 * 60 * 60 * 1000

// decision 050
/** The session ticket keys of all listeners in this process for which none were given. */
class TicketKeys {
  #keys: Buffer = randomBytes(ticketKeyBytes)
  readonly #users: Set<(keys: Buffer) => void> = new Set()
  #timer: ReturnType<typeof setInterval> | undefined
  /** Whether the keys come from elsewhere: all workers of a cluster use those of their primary. */
  #given = false

  /** @param take is called now, and whenever the keys change. Returns a function that stops this. */
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

  /** Uses keys that were made elsewhere. */
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
