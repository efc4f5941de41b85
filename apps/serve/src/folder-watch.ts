import { type Dirent, type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { basename, join, sep } from 'node:path'

/** Milliseconds without events after which the folders are listed again. */
const quietFor = 50
/** Milliseconds between checks whether the folder is still the watched one. */
const interval = 500
/** Most folders that are watched; the system limits them for each user. */
const mostFolders = 4096

interface Watched {
  readonly inode: string
  readonly watcher: FSWatcher
  /** Whether it may be gone: a new folder in its place can have the same inode number. */
  isOver: boolean
}

/**
 * Reports changes in a folder, however they are made: in place, by renaming a new file over the old one, by deleting and writing again,
 * also of whole folders and of the folder itself. It watches folders and not files, because a watched file that is replaced would be
 * another one under the same name.
 */
export class FolderWatch {
  readonly #root: string
  readonly #changed: (path: string) => void
  readonly #isLeftOut: (path: string) => boolean
  /** By path. */
  readonly #watched: Map<string, Watched> = new Map()
  readonly #look: ReturnType<typeof setInterval>
  #quiet: ReturnType<typeof setTimeout> | undefined

  /**
   * @param changed is called for each step of a change, with the path that changed. The path of a deleted folder ends with a separator.
   * @param isLeftOut which folders are not watched, besides hidden ones and `node_modules`.
   */
  constructor(root: string, changed: (path: string) => void, isLeftOut: (path: string) => boolean = () => false) {
    this.#root = root
    this.#changed = changed
    this.#isLeftOut = isLeftOut
    for (const [path, inode] of this.#folders()) this.#watch(path, inode)
    this.#look = setInterval(() => this.#checkRoot(), interval).unref()
  }

  close(): void {
    clearInterval(this.#look)
    clearTimeout(this.#quiet)
    for (const { watcher } of this.#watched.values()) watcher.close()
    this.#watched.clear()
  }

  /** No event tells that the folder was created again, or that a link now leads elsewhere. */
  #checkRoot(): void {
    if (inodeOf(this.#root) !== this.#watched.get(this.#root)?.inode) this.#scanSoon()
  }

  #scanSoon(): void {
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(() => this.#scan(), quietFor)
  }

  /** Watches the folders that are there now, and no others. */
  #scan(): void {
    const found = this.#folders()
    for (const [path, { inode, watcher, isOver }] of this.#watched) {
      if (!isOver && found.get(path) === inode) continue
      watcher.close()
      this.#watched.delete(path)
      if (!found.has(path)) this.#changed(path + sep)
    }
    for (const [path, inode] of found) {
      if (this.#watched.has(path)) continue
      this.#watch(path, inode)
      this.#changed(path)
      // Files that were created in it before it was watched.
      for (const entry of entriesOf(path)) if (!entry.isDirectory()) this.#changed(join(path, entry.name))
    }
  }

  #watch(path: string, inode: string): void {
    try {
      const watcher = watch(path, { persistent: false }, (event, name) => {
        // A name was created or deleted; listing the folders shows whether it is one.
        if (event === 'rename') this.#scanSoon()
        // This is the event by which a folder reports its own deletion.
        if (event === 'rename' && name === basename(path)) watched.isOver = true
        this.#changed(name === null ? path : join(path, name))
      })
      // A folder that is deleted is noticed by the next scan.
      watcher.on('error', () => {})
      const watched: Watched = { inode, watcher, isOver: false }
      this.#watched.set(path, watched)
    } catch {
      // It was deleted meanwhile, or the system's limit is reached.
    }
  }

  /** All folders below the root, with their inodes; without hidden ones and `node_modules`, which have no sources. */
  #folders(): Map<string, string> {
    const found = new Map<string, string>()
    const collect = (path: string): void => {
      const inode = inodeOf(path)
      if (inode === undefined || found.size >= mostFolders) return
      found.set(path, inode)
      for (const entry of entriesOf(path)) {
        const below = join(path, entry.name)
        const isOther = entry.name.startsWith('.') || entry.name === 'node_modules' || this.#isLeftOut(below)
        if (entry.isDirectory() && !isOther) collect(below)
      }
    }
    collect(this.#root)
    return found
  }
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true })
  } catch {
    // It was deleted meanwhile.
    return []
  }
}

/** Device and inode, which tell one folder from another at the same path; undefined when there is none. */
function inodeOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats?.isDirectory() ? `${stats.dev}:${stats.ino}` : undefined
}
