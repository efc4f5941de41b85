import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Context, normalAddress } from '@spillway/core'
import { parseCookies } from '@spillway/parser/fields'
import { isOwnRequest } from './guard.ts'

const cookieName = 'spillway-inspector'

/**
 * Who may look: anyone with the printed link, from this machine, on our own page. The link's token becomes a
 * cookie that no other site can send, so that the token does not stay in the address.
 */
export class Access {
  readonly token: string = randomBytes(16).toString('base64url')
  readonly #remote: boolean

  /** @param remote whether other machines may look, too. */
  constructor(remote: boolean) {
    this.#remote = remote
  }

  /** What a request is entitled to: nothing; the page, after exchanging its token for the cookie; or what it asks for. */
  of(c: Context<any, any>): 'nothing' | 'cookie' | 'all' {
    if (!this.#remote && !isLoopbackAddress(c.peer.address)) return 'nothing'
    const given = new URLSearchParams(c.search).get('token')
    // A link is opened by hand: no page has requested it, and there is no Origin.
    if (given !== null)
      return c.method === 'GET' && c.headers.get('origin') === null && this.#isToken(given) ? 'cookie' : 'nothing'
    if (!isOwnRequest(c, !this.#remote, c.method === 'GET')) return 'nothing'
    return this.#isToken(cookieOf(c.headers.get('cookie'))) ? 'all' : 'nothing'
  }

  /** The field that sets the cookie in a browser, for everything below a path. */
  cookie(path: string): string {
    return `${cookieName}=${this.token}; Path=${path}; HttpOnly; SameSite=Strict`
  }

  #isToken(given: string): boolean {
    return timingSafeEqual(digest(given), digest(this.token))
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function cookieOf(field: string | null): string {
  return parseCookies(field ?? '').find(([name]) => name === cookieName)?.[1] ?? ''
}

function isLoopbackAddress(address: string): boolean {
  const normal = normalAddress(address) ?? address
  return normal === '::1' || normal.startsWith('127.')
}
