// Challenges, and the credentials that answer them (RFC 9110 §11).
import { type HttpErrorOptions, HttpError } from '@spillway/core'
import { quote } from '@spillway/parser/fields'

/**
 * An error that tells the client how to authenticate (RFC 9110 §11.6.1).
 * @param challenge the value of WWW-Authenticate.
 */
export function challenged(
  status: 400 | 401,
  message: string,
  challenge: string,
  options?: HttpErrorOptions,
): HttpError {
  const error = new HttpError(status, message, options)
  error.headers.set('WWW-Authenticate', challenge)
  return error
}

/** A realm as a quoted string. @throws TypeError when it has characters that cannot be quoted. */
export function quoted(text: string): string {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new TypeError(`Not printable ASCII: ${JSON.stringify(text)}`)
  return quote(text)
}

/** The credentials for a scheme, if the request has them; scheme names are case-insensitive (RFC 9110 §11.1). */
export function credentials(authorization: string | null, scheme: string): string | undefined {
  if (authorization === null) return undefined
  const space = authorization.indexOf(' ')
  if (space < 0) return authorization.toLowerCase() === scheme ? '' : undefined
  return authorization.slice(0, space).toLowerCase() === scheme ? authorization.slice(space + 1).trim() : undefined
}
