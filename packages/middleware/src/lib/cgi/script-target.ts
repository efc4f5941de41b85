// Which file of a folder a path runs, and what is left of the path.
import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '@spillway/core'
import { normalizePath, pathSegments } from '../http/path.ts'
import { isInside, tried } from '../files/open-file.ts'
import { isPlainName, ownLength } from '../files/target.ts'

/** The script a request is for, and what of the path is left for it (RFC 3875 §3.3). Decoded, without encoding. */
export interface ScriptTarget {
  /** The real path of the script. */
  readonly file: string
  /** SCRIPT_NAME (§4.1.13): the path that leads to the script. Empty, or begins with a slash. */
  readonly scriptName: string
  /** PATH_INFO (§4.1.5): the path behind it. Empty, or begins with a slash. */
  readonly pathInfo: string
}

/** A path cut where scripts may begin. */
export interface ScriptPath {
  /** What a mount or route has in front. Empty, or begins with a slash. */
  readonly prefix: string
  /** The decoded segments behind it; the last one is empty when the path ends in a slash. */
  readonly segments: readonly string[]
}

/**
 * Reads the path of a request: of a catch-all route its parameter `path`, else all of it.
 * @returns 'malformed' for a path without a normal form; undefined for one with an encoded slash or backslash, or a control
 * character: decoded, as §4.1.5 has it, nobody could tell it from another path.
 */
export function readScriptPath(c: Context<any, any>): ScriptPath | 'malformed' | undefined {
  const path = normalizePath(c.path)
  if (path === undefined) return 'malformed'
  const segments = pathSegments(path)
  // eslint-disable-next-line no-control-regex
  if (segments.some((segment) => /[/\\\x00-\x1f\x7f]/.test(segment))) return undefined
  const slash = segments.at(-1) === ''
  if (slash) segments.pop()
  const params = c.params as Record<string, unknown>
  const own = segments.splice(segments.length - ownLength(params, segments.length))
  if (slash) own.push('')
  return { prefix: joined([...pathSegments(c.base).filter(Boolean), ...segments]), segments: own }
}

/**
 * Finds the script below a directory: the first name in the path that is no directory. It must be a regular file that
 * `accepts` takes, inside the root wherever links lead, and no name on the way may begin with a dot.
 * @param root the real path of the directory.
 * @param index the script of a directory that the path ends at with a slash.
 */
export async function findScript(
  root: string,
  { prefix, segments }: ScriptPath,
  accepts: (file: string, name: string) => Promise<boolean> | boolean,
  index?: string,
): Promise<ScriptTarget | undefined> {
  for (let taken = 1; taken <= segments.length; taken++) {
    const indexed = segments[taken - 1] === '' && taken === segments.length
    const name = indexed ? index : segments[taken - 1]
    if (name === undefined || name === '' || !isPlainName(name, taken)) return undefined
    const names = [...segments.slice(0, taken - 1), name]
    const file = await tried(realpath(join(root, ...names)))
    if (file === undefined || !isInside(root, file)) return undefined
    const stats = await tried(stat(file))
    if (stats?.isDirectory()) continue
    if (!stats?.isFile() || !(await accepts(file, name))) return undefined
    return { file, scriptName: prefix + joined(names), pathInfo: joined(segments.slice(names.length)) }
  }
  return undefined
}

/** Whether this process may run a file. */
export async function isExecutable(file: string): Promise<boolean> {
  return (await tried(access(file, constants.X_OK).then(() => true))) ?? false
}

/** What one script has of a path that is all its own. */
export function wholePath(file: string, { prefix, segments }: ScriptPath): ScriptTarget {
  return { file, scriptName: prefix, pathInfo: joined(segments) }
}

function joined(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment}`).join('')
}
