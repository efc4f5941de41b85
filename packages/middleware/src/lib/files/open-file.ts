// Opens files without leaving their folder, whatever links say and whoever renames things in the meantime.
import { constants, existsSync } from 'node:fs'
import { type FileHandle, open, readlink, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import type { BigIntStats } from 'node:fs'
import { HttpError } from '@spillway/core'

/** An open regular file inside the root; `stats` are those of the handle. */
export interface OpenFile {
  readonly handle: FileHandle
  readonly stats: BigIntStats
  /** Its path without symbolic links. */
  readonly real: string
}

/** A FIFO without a writer must not keep a thread of the pool waiting in `open`. */
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

const tickMs = 2000

/** How often to look again when the name led to another file between two looks, as happens while a site is deployed. */
const attempts = 8

/** Errors that mean a missing file; a file that may not be read is treated as missing. */
const missing: ReadonlySet<string> = new Set([
  'ENOENT',
  'ENOTDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
  'ENAMETOOLONG',
  'ENXIO',
  'ENODEV',
  'EINVAL',
  'EOPNOTSUPP',
])

/**
 * Opens a file below a directory. The check comes after the open and concerns the opened file, so nothing can be swapped in
 * between the two: the file of the handle must be the one that its real path names, and that must lie inside the root.
 * @param root the real path of the root.
 * @returns 'directory' for a directory; undefined when there is nothing that may be served: no file, a link to the outside,
 * a FIFO, socket or device.
 * @throws HttpError 503 when the process is out of file descriptors, or the file is replaced faster than it can be checked; the system's
 * error when the disk fails.
 */
export async function openInside(
  root: string,
  segments: readonly string[],
): Promise<OpenFile | 'directory' | undefined> {
  const path = join(root, ...segments)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const handle = await tried(open(path, flags))
    if (!handle) return undefined
    let keep = false
    try {
      const [stats, real] = await Promise.all([handle.stat({ bigint: true }), pathOf(handle, path)])
      if (real === undefined) continue
      if (!isInside(root, real) || isHidden(root, real)) return undefined
      if (!fromKernel && !(await isNamed(real, stats))) continue
      if (stats.isDirectory()) return 'directory'
      keep = stats.isFile()
      return keep ? { handle, stats, real } : undefined
    } finally {
      if (!keep) await handle.close()
    }
  }
  throw new HttpError(503, 'The file is being replaced')
}

/** Opens a directory inside the root; the caller closes the handle. Undefined when there is none. */
export async function openDirectory(root: string, path: string): Promise<Omit<OpenFile, 'stats'> | undefined> {
  const full = join(root, path)
  const handle = await tried(open(full, flags | (constants.O_DIRECTORY ?? 0)))
  if (!handle) return undefined
  const real = await pathOf(handle, full).catch(() => undefined)
  if (real !== undefined && isInside(root, real) && (await handle.stat()).isDirectory()) return { handle, real }
  await handle.close()
  return undefined
}

/** Whether the kernel tells the path of an open file, so that nothing that happens to names can interfere. */
export const fromKernel: boolean = process.platform === 'linux' && existsSync('/proc/self/fd')

/** Where an open file is; a deleted file is reported where it was. */
function pathOf({ fd }: FileHandle, path: string): Promise<string | undefined> {
  return tried(fromKernel ? readlink(`/proc/self/fd/${fd}`) : realpath(path))
}

/** Whether a path names this very file. */
async function isNamed(path: string, { ino, dev }: BigIntStats): Promise<boolean> {
  const named = await tried(stat(path, { bigint: true }))
  return named?.ino === ino && named.dev === dev
}

/** Whether a path still names the very file that was opened, at the same place and without changes to its content. */
export async function isUnchanged(path: string, { stats, real }: Omit<OpenFile, 'handle'>): Promise<boolean> {
  const [now, nowReal] = await Promise.all([tried(stat(path, { bigint: true })), tried(realpath(path))])
  return now !== undefined && nowReal === real && sameVersion(now, stats)
}

/** Every change of content updates `ctime`, which, unlike `mtime`, nobody can set; a replaced file is another inode. */
function sameVersion(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs
}

/**
 * Whether the last change is so long ago that another one would show in the times: clocks of file systems tick as slowly as
 * every two seconds, and two changes within one tick look like one (RFC 9110 §8.8.2.2 describes the same for dates).
 */
export function isStable({ ctimeMs, mtimeMs }: BigIntStats): boolean {
  const age = Date.now() - Number(ctimeMs > mtimeMs ? ctimeMs : mtimeMs)
  return age > tickMs
}

/** Whether a real path is the root, or below it. */
export function isInside(root: string, real: string): boolean {
  return real === root || real.startsWith(root.endsWith(sep) ? root : root + sep)
}

/**
 * Whether a real path below the root is hidden, so that a link must not lead to it: names that begin with a dot must not be reachable
 * under another name either. Two dots are the exception: Kubernetes mounts configuration as links to files in `..data`.
 */
function isHidden(root: string, real: string): boolean {
  const names = real.slice(root.length).split(sep)
  return names.some((name, i) => /^\.(?!\.)/.test(name) && !(i <= 1 && name === '.well-known'))
}

/** The result of an operation on a file, undefined when there is no such file. @throws HttpError 503 when out of descriptors. */
export async function tried<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (missing.has(code)) return undefined
    if (code === 'EMFILE' || code === 'ENFILE') throw new HttpError(503, 'Too many open files', { cause: error })
    throw error
  }
}
