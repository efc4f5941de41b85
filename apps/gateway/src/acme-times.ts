// When a certificate is requested.
import type { X509Certificate } from 'node:crypto'

/** Past attempts for one host, kept across restarts because the authority's own counts are. Milliseconds since 1970. */
export interface Attempts {
  /** When orders of the last hour were placed. */
  readonly orders: readonly number[]
  /** Failures in a row. */
  readonly failures: number
  /** No earlier attempt is made. */
  readonly notBefore: number
}

const none: Attempts = { orders: [], failures: 0, notBefore: 0 }

/** Reads them from a file; invalid content counts as no attempts. */
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

/** Most orders an hour for one host: the best known authority allows five failures in an hour, and then refuses. */
const ordersPerHour = 3

/** Milliseconds to wait after the first failure; twice as long after each further one. */
const firstWait = 15 * minute
const longestWait = 24 * hour

/**
 * When a certificate is renewed: with a third of its lifetime left, or a little earlier, so that many that were issued together are not
 * renewed together. It is always the same for one certificate.
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
  // A clock that was set back must not stop orders for years.
  return Math.max(Math.min(notBefore, now + 2 * longestWait), oldest)
}

/**
 * An order is placed. It counts as failed until there is a certificate: a process that ends in the middle and is started again must not
 * place another one at once.
 * @param chance from 0 to 1.
 */
export function ordered({ orders, failures }: Attempts, now: number, chance: number): Attempts {
  const wait = Math.min(firstWait * 2 ** failures, longestWait) * (1 + chance / 5)
  return { orders: [...recentOf(orders, now), now], failures: failures + 1, notBefore: Math.floor(now + wait) }
}

/** The order failed. @param wait milliseconds that the authority asked for. */
export function putOff(before: Attempts, now: number, wait: number): Attempts {
  return { ...before, notBefore: Math.max(before.notBefore, Math.floor(now + Math.min(wait, longestWait))) }
}

/** The order gave a certificate. */
export function succeeded(before: Attempts): Attempts {
  return { ...before, failures: 0, notBefore: 0 }
}

function recentOf(orders: readonly number[], now: number): number[] {
  return orders.filter((at) => at > now - hour && at <= now)
}
