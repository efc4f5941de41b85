// Policies with a nonce, which fit only one page.
import type { ReplyHeaders } from '@spillway/core'

const policies = ['Content-Security-Policy', 'Content-Security-Policy-Report-Only']

/** Whether a field is a policy with a nonce: it belongs to the one page that carries the same nonce (CSP §6.6.2). */
export function isNoncePolicy(name: string, value: string): boolean {
  return /^content-security-policy/i.test(name) && value.includes("'nonce-")
}

/**
 * Removes policies with nonces from a reply that makes clients use a page they have stored: its nonce is the one it came with, and
 * a policy in a 304 would replace its own (RFC 9111 §4.3.4).
 */
export function dropNonces(headers: ReplyHeaders): void {
  for (const name of policies) {
    const value = headers.get(name)
    if (value !== null && isNoncePolicy(name, value)) headers.delete(name)
  }
}
