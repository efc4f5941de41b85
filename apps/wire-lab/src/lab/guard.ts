import type { Context } from '@spillway/core'

/** Whether only this machine can reach an address that is bound to. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)
}

/**
 * Whether a request comes from the lab's own page, or from a program, and not from some other site that is open in the
 * same browser.
 * @param local whether the lab can be reached from this machine only. Then a foreign name in the Host field is one that was
 * made to lead here (DNS rebinding); elsewhere the lab cannot know its names.
 */
export function isOwnRequest(c: Pick<Context, 'headers'>, local: boolean): boolean {
  const host = c.headers.get('host') ?? ''
  if (local && !isLoopback(host.replace(/:\d+$/, ''))) return false
  const site = c.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin') return false
  const origin = c.headers.get('origin')
  return origin === null || origin === `http://${host}`
}
