import { type Dirent, type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { basename, join, sep } from 'node:path'

/** Milliseconds without news after which it is looked which folders there are. */
const quietFor = 50
/** Milliseconds between two looks at whether the folder is still the one that is watched. */
const interval = 500
/** Folders that are watched at the most; the system has not many more for one user. */
const mostFolders = 4096

interface Watched {
  readonly inode: string
  readonly watcher: FSWatcher
  /** Whether it may have gone: one that is made at once in its place can have the same number. */
  isOver: boolean
}

/**
 * Tells of changes in a folder, however they are made: in place, by a new file that takes the name of the old, by deleting and
 * writing again, also of whole folders and of the folder itself. Folders are watched, and not files, since a file that is replaced
 * is another one under the same name.
 */
export class FolderWatch {
  readonly #root: string
  readonly #changed: (path: string) => void
  readonly #isLeftOut: (path: string) => boolean
  /** By path, with what tells one folder from another that takes its place. */
  readonly #watched: Map<string, Watched> = new Map()
  readonly #look: ReturnType<typeof setInterval>
  #quiet: ReturnType<typeof setTimeout> | undefined

  /**
   * @param changed is told each step of a change, by the path of what is another now. That of a folder which has gone ends with a
   * separator.
   * @param isLeftOut says which folders are not looked at, beside those that are hidden or installed.
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

  /** Nothing tells that a folder has come to where there was none, or that a link leads elsewhere. */
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
      // What was put into it before it was watched.
      for (const entry of entriesOf(path)) if (!entry.isDirectory()) this.#changed(join(path, entry.name))
    }
  }

  #watch(path: string, inode: string): void {
    try {
      const watcher = watch(path, { persistent: false }, (event, name) => {
        // Names come and go; which are folders is found by looking.
        if (event === 'rename') this.#scanSoon()
        // So a folder tells of its own end.
        if (event === 'rename' && name === basename(path)) watched.isOver = true
        this.#changed(name === null ? path : join(path, name))
      })
      // A folder that goes away is noticed by the next look.
      watcher.on('error', () => {})
      const watched: Watched = { inode, watcher, isOver: false }
      this.#watched.set(path, watched)
    } catch {
      // It has gone meanwhile, or the system watches no more.
    }
  }

  /** All folders below the root, with what tells each from another. What is hidden or installed is nobody's source. */
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
    // It has gone meanwhile.
    return []
  }
}

/** What tells one folder from another; undefined when there is none. */
function inodeOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats?.isDirectory() ? `${stats.dev}:${stats.ino}` : undefined
}
