import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'

/** Milliseconds to wait for the last step: editors and build tools write in several. */
const quietFor = 50
/** Milliseconds between two looks at whether the folder is still the one that is watched. */
const interval = 500
/** Folders that are watched at the most; the system has not many more for one user. */
const mostFolders = 4096

/**
 * Tells of changes in a folder, however they are made: in place, by a new file that takes the name of the old, by deleting and
 * writing again, also of whole folders and of the folder itself. Folders are watched, and not files, since a file that is replaced
 * is another one under the same name.
 */
export class FolderWatch {
  readonly #root: string
  readonly #changed: () => void
  /** By path, with what tells one folder from another that takes its place. */
  readonly #watched: Map<string, { readonly inode: string; readonly watcher: FSWatcher }> = new Map()
  readonly #look: ReturnType<typeof setInterval>
  #quiet: ReturnType<typeof setTimeout> | undefined

  constructor(root: string, changed: () => void) {
    this.#root = root
    this.#changed = changed
    this.#scan()
    this.#look = setInterval(() => this.#checkRoot(), interval).unref()
  }

  close(): void {
    clearInterval(this.#look)
    clearTimeout(this.#quiet)
    for (const { watcher } of this.#watched.values()) watcher.close()
    this.#watched.clear()
  }

  /** Nothing tells that a folder has come to where there was none, or that a link leads elsewhere. */
  #checkRoot(): void {
    if (inodeOf(this.#root) !== this.#watched.get(this.#root)?.inode) this.#stir()
  }

  #stir(): void {
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(() => {
      this.#scan()
      this.#changed()
    }, quietFor)
  }

  /** Watches the folders that are there now, and no others. */
  #scan(): void {
    const found = new Map<string, string>()
    collect(this.#root, found)
    for (const [path, { inode, watcher }] of this.#watched) {
      if (found.get(path) === inode) continue
      watcher.close()
      this.#watched.delete(path)
    }
    for (const [path, inode] of found) if (!this.#watched.has(path)) this.#watch(path, inode)
  }

  #watch(path: string, inode: string): void {
    try {
      const watcher = watch(path, { persistent: false }, () => this.#stir())
      // A folder that goes away is noticed by the next look.
      watcher.on('error', () => {})
      this.#watched.set(path, { inode, watcher })
    } catch {
      // It has gone meanwhile, or the system watches no more.
    }
  }
}

/** All folders below one, with their numbers; what is hidden is not served, and what packages bring does not change. */
function collect(path: string, found: Map<string, string>): void {
  const inode = inodeOf(path)
  if (inode === undefined || found.size >= mostFolders) return
  found.set(path, inode)
  let entries
  try {
    entries = readdirSync(path, { withFileTypes: true })
  } catch {
    return
  }
  for (const entry of entries)
    if (entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
      collect(join(path, entry.name), found)
}

/** What tells one folder from another; undefined when there is none. */
function inodeOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats?.isDirectory() ? `${stats.dev}:${stats.ino}` : undefined
}
