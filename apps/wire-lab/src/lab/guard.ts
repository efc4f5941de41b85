import type { Context } from '@spillway/core'

/** Whether only this machine can reach an address that is bound to. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/**
 * Whether a request that makes the lab do something comes from the lab's own page, or from a program on this machine,
 * and not from some other site that is open in the same browser.
 */
export function isOwnRequest(c: Pick<Context, 'headers'>): boolean {
  const host = c.headers.get('host') ?? ''
  // A foreign name that was made to lead to this address (DNS rebinding) is still in the Host field.
  if (!isLoopback(host.replace(/:\d+$/, ''))) return false
  const site = c.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin') return false
  const origin = c.headers.get('origin')
  return origin === null || origin === `http://${host}`
}
