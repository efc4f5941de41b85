// Whether a stored response may answer a request, and whether somebody has to be asked first (RFC 9111 §4).
import type { RequestHeaders } from '@spillway/core'
import { type Directives, readDirectives, secondsOf } from './directives.ts'
import { type Stored, ageOf } from './stored.ts'

/** How a stored response may be used for a request: as it is; as it is, while a new one is fetched; or not before that. */
export type Use = 'fresh' | 'stale' | 'while-revalidate' | 'validate'

/** The directives of a request; `Pragma: no-cache` is one where there is no Cache-Control (RFC 9111 §5.4). */
export function wishesOf(headers: RequestHeaders): Directives {
  const value = headers.get('cache-control')
  return readDirectives(value ?? (/\bno-cache\b/i.test(headers.get('pragma') ?? '') ? 'no-cache' : null))
}

/** Decides on a stored response that fits the request (RFC 9111 §4, §5.2.1; RFC 5861 §3). */
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

/** Whether a stale response may stand in for an error (RFC 5861 §4); the request may ask for it as well. */
export function useOnError(stored: Stored, wishes: Directives, now: number): boolean {
  const { directives, lifetime } = stored
  const asked = directives.has('s-maxage') ? undefined : secondsOf(wishes, 'stale-if-error')
  const window = Math.max(secondsOf(directives, 'stale-if-error') ?? -1, asked ?? -1)
  return !mustValidate(stored) && ageOf(stored, now) - lifetime <= window * 1000
}

/**
 * Whether nothing but a validated response will do (RFC 9111 §4.2.4). `s-maxage` says so too (§5.2.2.10), but whoever writes
 * `stale-while-revalidate` beside it means that: it is no match for what the response itself allows, only for the request.
 */
function mustValidate({ directives }: Stored): boolean {
  return ['must-revalidate', 'proxy-revalidate', 'no-cache'].some((name) => directives.has(name))
}
