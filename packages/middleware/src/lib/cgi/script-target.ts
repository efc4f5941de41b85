// Which file of a folder a path runs, and what remains of the path.
import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from '@spillway/core'
import { normalizePath, pathSegments } from '../http/path.ts'
import { isInside, tried } from '../files/open-file.ts'
import { isPlainName, ownLength } from '../files/target.ts'

/** The script that a request is for, and the rest of the path (RFC 3875 §3.3). All decoded. */
export interface ScriptTarget {
  /** The real path of the script. */
  readonly file: string
  /** SCRIPT_NAME (§4.1.13): the path that leads to the script. Empty, or begins with a slash. */
  readonly scriptName: string
  /** PATH_INFO (§4.1.5): the path after it. Empty, or begins with a slash. */
  readonly pathInfo: string
}

/** A path, split at the point where scripts may begin. */
export interface ScriptPath {
  /** The prefix of a mount or route. Empty, or begins with a slash. */
  readonly prefix: string
  /** The decoded segments after the prefix; the last one is empty when the path ends in a slash. */
  readonly segments: readonly string[]
}

/**
 * Reads the path of a request: the parameter `path` of a catch-all route, otherwise the whole path.
 * @returns 'malformed' for a path without a normal form; undefined for one with an encoded slash or backslash, or a control
 * character: once decoded, as §4.1.5 demands, it could not be told from another path.
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
 * Finds the script below a directory: the first name in the path that is not a directory. It must be a regular file that
 * `accepts` allows, inside the root wherever links lead, and no name on the way may begin with a dot.
 * @param root the real path of the directory.
 * @param index the script to use when the path ends in the slash of a directory.
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

/** The target when one script answers the whole path. */
export function wholePath(file: string, { prefix, segments }: ScriptPath): ScriptTarget {
  return { file, scriptName: prefix, pathInfo: joined(segments) }
}

function joined(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment}`).join('')
}
