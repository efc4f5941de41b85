// When a certificate is asked for.
import type { X509Certificate } from 'node:crypto'

/** What was tried for one host. It outlives the process: an authority counts on when we start again. Milliseconds since 1970. */
export interface Attempts {
  /** The orders of the last hour. */
  readonly orders: readonly number[]
  /** Failures in a row. */
  readonly failures: number
  /** Nothing is tried before. */
  readonly notBefore: number
}

const none: Attempts = { orders: [], failures: 0, notBefore: 0 }

/** Of a file; what is none is as if nothing had been tried. */
export function attemptsOf(text: string | undefined): Attempts {
  try {
    const { orders, failures, notBefore } = JSON.parse(text ?? '{}') as Attempts
    const numbers = [...orders, failures, notBefore]
    return numbers.every((one) => Number.isSafeInteger(one) && one >= 0) ? { orders, failures, notBefore } : none
  } catch {
    return none
  }
}

const minute = 60_000
const hour = 60 * minute

/** For one host, whatever happens: the best known authority counts five failures in an hour, and then refuses. */
const ordersPerHour = 3

/** Milliseconds: after the first failure, and twice as long after each further one. */
const firstWait = 15 * minute
const longestWait = 24 * hour

/**
 * When a certificate is asked for anew: with a third of its time left, or a little earlier, so that many that were made together are not
 * asked for together. For one certificate it is always the same.
 */
export function renewalOf({ validFrom, validTo, fingerprint256 }: X509Certificate): number {
  const end = Date.parse(validTo)
  const lifetime = end - Date.parse(validFrom)
  const share = Number.parseInt(fingerprint256.slice(0, 2), 16) / 256
  return Math.floor(end - lifetime / 3 - (lifetime / 30) * share)
}

/** When the next order may be placed. */
export function nextOrder({ orders, notBefore }: Attempts, now: number): number {
  const recent = recentOf(orders, now)
  const oldest = recent.length < ordersPerHour ? 0 : recent.at(-ordersPerHour)! + hour
  // A clock that went back must not stop it for years.
  return Math.max(Math.min(notBefore, now + 2 * longestWait), oldest)
}

/**
 * An order is placed. Until there is a certificate it counts as one that came to nothing: a process that ends in the middle of it, and is
 * started again, must not ask again at once.
 * @param chance from 0 to 1.
 */
export function ordered({ orders, failures }: Attempts, now: number, chance: number): Attempts {
  const wait = Math.min(firstWait * 2 ** failures, longestWait) * (1 + chance / 5)
  return { orders: [...recentOf(orders, now), now], failures: failures + 1, notBefore: Math.floor(now + wait) }
}

/** It came to nothing. @param wait milliseconds that the authority asked for. */
export function putOff(before: Attempts, now: number, wait: number): Attempts {
  return { ...before, notBefore: Math.max(before.notBefore, Math.floor(now + Math.min(wait, longestWait))) }
}

/** There is a certificate. */
export function succeeded(before: Attempts): Attempts {
  return { ...before, failures: 0, notBefore: 0 }
}

function recentOf(orders: readonly number[], now: number): number[] {
  return orders.filter((at) => at > now - hour && at <= now)
}
