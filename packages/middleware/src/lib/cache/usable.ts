// Whether a stored response may be used for a request, or has to be validated first (RFC 9111 §4).
import type { RequestHeaders } from '@spillway/core'
import { type Directives, readDirectives, secondsOf } from './directives.ts'
import { type Stored, ageOf } from './stored.ts'

/** How a stored response may be used: as it is; as it is, while a new one is fetched; or only after validation. */
export type Use = 'fresh' | 'stale' | 'while-revalidate' | 'validate'

/** The directives of a request; without Cache-Control, `Pragma: no-cache` counts as one (RFC 9111 §5.4). */
export function wishesOf(headers: RequestHeaders): Directives {
  const value = headers.get('cache-control')
  return readDirectives(value ?? (/\bno-cache\b/i.test(headers.get('pragma') ?? '') ? 'no-cache' : null))
}

/** Decides about a stored response that matches the request (RFC 9111 §4, §5.2.1; RFC 5861 §3). */
export function useOf(stored: Stored, wishes: Directives, now: number): Use {
  const { directives, lifetime } = stored
  if (wishes.has('no-cache') || directives.has('no-cache')) return 'validate'
  const age = ageOf(stored, now)
  const maxAge = secondsOf(wishes, 'max-age') ?? Infinity
  if (age > maxAge * 1000) return 'validate'
  const minFresh = (secondsOf(wishes, 'min-fresh') ?? 0) * 1000
  const left = lifetime - age
  if (left > 0 && left >= minFresh) return 'fresh'
  if (minFresh > 0 || mustValidate(stored)) return 'validate'
  if (wishes.has('max-stale') && !directives.has('s-maxage')) {
    const maxStale = wishes.get('max-stale') === undefined ? Infinity : secondsOf(wishes, 'max-stale')!
    if (-left <= maxStale * 1000) return 'stale'
  }
  const window = secondsOf(directives, 'stale-while-revalidate')
  return window !== undefined && -left <= window * 1000 ? 'while-revalidate' : 'validate'
}

/** Whether a stale response may replace an error (RFC 5861 §4); the request may ask for that as well. */
export function useOnError(stored: Stored, wishes: Directives, now: number): boolean {
  const { directives, lifetime } = stored
  const asked = directives.has('s-maxage') ? undefined : secondsOf(wishes, 'stale-if-error')
  const window = Math.max(secondsOf(directives, 'stale-if-error') ?? -1, asked ?? -1)
  return !mustValidate(stored) && ageOf(stored, now) - lifetime <= window * 1000
}

/**
 * Whether only a validated response will do (RFC 9111 §4.2.4). `s-maxage` demands that too (§5.2.2.10), but a server that adds
 * `stale-while-revalidate` means that: so `s-maxage` overrides only what the request allows, not what the response itself does.
 */
function mustValidate({ directives }: Stored): boolean {
  return ['must-revalidate', 'proxy-revalidate', 'no-cache'].some((name) => directives.has(name))
}
