import type { Context } from '@spillway/core'
import { parseCookie } from 'cookie-es'

/** The cookies of a request; of a name that comes twice, the first. Values that are not percent-encoded stay as they are. */
export function readCookies(c: Context<any, any>): Readonly<Record<string, string | undefined>> {
  return parseCookie(c.headers.get('cookie') ?? '')
}
