// Which file of a folder a request asks for.
import type { Context } from '@spillway/core'
import { normalizePath, pathSegments } from '../http/path.ts'

/** What a request asks of the root. */
export interface Target {
  /** Decoded plain names joined by slashes; none of them contains a slash, so the path stays below the root. */
  readonly path: string
  /** The file to send: `path`, or the index of a directory. */
  readonly file: string
  /** The page that a clean URL stands for. */
  readonly page: string
  /** Whether the path ended in a slash, and so can only name a directory. */
  readonly directory: boolean
  /** The last segment of the whole path, as it stands in a URL. */
  readonly name: string
}

/** Characters that Windows gives a special meaning: streams, devices, short names, dots and spaces at the end. */
const windowsNames = /[:<>"|?*~]|[. ]$/

/**
 * Finds out which file a request asks for: the one that its parameter `path` names, below a catch-all route, otherwise the whole path.
 * @returns 'malformed' for a path without a normal form; undefined for one that names no file that may be served.
 */
export function readTarget(c: Context<any, any>): Target | 'malformed' | undefined {
  const path = normalizePath(c.path)
  if (path === undefined) return 'malformed'
  const segments = pathSegments(path)
  const directory = segments.at(-1) === ''
  if (directory) segments.pop()
  // `//` is not another spelling of `/`, and would make a redirect lead to another host
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

/** How many of the segments are ours. In the parameter of a catch-all, encoded slashes are still encoded, so its slashes can be counted. */
export function ownLength(params: Record<string, unknown>, all: number): number {
  if (!('path' in params)) return all
  const { path } = params
  return typeof path === 'string' && path !== '' ? path.split('/').length : 0
}

/** Whether a segment can only name something visible inside its directory. @param index its position in the path. */
export function isPlainName(name: string, index: number): boolean {
  // RFC 8615 reserves `.well-known` at the root; other names that begin with a dot are hidden
  if (name.startsWith('.') && !(index === 0 && name === '.well-known')) return false
  // eslint-disable-next-line no-control-regex
  return !/[/\\\x00-\x1f\x7f]/.test(name) && !(process.platform === 'win32' && windowsNames.test(name))
}

/** The page of a directory. */
export function indexOf(path: string): string {
  return path === '' ? 'index.html' : `${path}/index.html`
}
