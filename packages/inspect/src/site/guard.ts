// Who may use the inspector.
import type { Context } from '@spillway/core'

/** Whether a listening address can be reached only from this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

// decision 033
/**
 * Whether a request comes from our own page, or from a program, rather than from another site that is open in the same
 * browser.
 * @param local whether the server can be reached from this machine only. Then a foreign name in the Host field must
 * have been made to point here (DNS rebinding); otherwise our names are not known.
 * @param byHand whether it may also be a request that somebody typed, or opened from a bookmark. Default: no.
 */
export function isOwnRequest(c: Pick<Context, 'headers'>, local: boolean, byHand: boolean = false): boolean {
  const host = c.headers.get('host') ?? ''
  if (local && !isLoopback(host.replace(/:\d+$/, ''))) return false
  const site = c.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && !(byHand && site === 'none')) return false
  const origin = c.headers.get('origin')
  return origin === null || origin === `http://${host}` || origin === `https://${host}`
}
