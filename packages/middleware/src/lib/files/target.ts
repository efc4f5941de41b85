// Where in a folder a request wants to go.
import type { Context } from '@spillway/core'
import { normalizePath, pathSegments } from '../http/path.ts'

/** What a request asks of the root. */
export interface Target {
  /** Decoded plain names, joined by slashes, which none of them has: joined to the root it stays below it. */
  readonly path: string
  /** The file to send: `path`, or the index of a directory. */
  readonly file: string
  /** The page that a clean URL stands for. */
  readonly page: string
  /** Whether the path ended in a slash, and so can only name a directory. */
  readonly directory: boolean
  /** The last segment of the whole path as it stands in a URL. */
  readonly name: string
}

/** What Windows reads another way than the name says: streams, devices, short names, dots and blanks at the end. */
const windowsNames = /[:<>"|?*~]|[. ]$/

/**
 * Finds out which file a request is for: the one its parameter `path` names, below a catch-all route, else its whole path.
 * @returns 'malformed' for a path without a normal form; undefined for one that names no file that may be served.
 */
export function readTarget(c: Context<any, any>): Target | 'malformed' | undefined {
  const path = normalizePath(c.path)
  if (path === undefined) return 'malformed'
  const segments = pathSegments(path)
  const directory = segments.at(-1) === ''
  if (directory) segments.pop()
  // `//` is no other spelling of `/`, and would make a redirect lead to another host
  if (segments.includes('')) return undefined
  const own = segments.slice(segments.length - ownLength(c.params as Record<string, unknown>, segments.length))
  if (!own.every(isPlainName)) return undefined
  const joined = own.join('/')
  return {
    path: joined,
    file: directory ? indexOf(joined) : joined,
    page: `${joined}.html`,
    directory,
    name: path.slice(path.lastIndexOf('/') + 1),
  }
}

/** How many segments belong to us. In a catch-all's capture encoded slashes are still encoded: it can be counted. */
export function ownLength(params: Record<string, unknown>, all: number): number {
  if (!('path' in params)) return all
  const { path } = params
  return typeof path === 'string' && path !== '' ? path.split('/').length : 0
}

/** Whether a segment can only name something inside its directory that is anybody's business. @param index its place in the path. */
export function isPlainName(name: string, index: number): boolean {
  // RFC 8615 gives `.well-known` a place at the root; other names with a dot in front are nobody's business
  if (name.startsWith('.') && !(index === 0 && name === '.well-known')) return false
  // eslint-disable-next-line no-control-regex
  return !/[/\\\x00-\x1f\x7f]/.test(name) && !(process.platform === 'win32' && windowsNames.test(name))
}

/** The page of a directory. */
export function indexOf(path: string): string {
  return path === '' ? 'index.html' : `${path}/index.html`
}
