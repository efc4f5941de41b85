import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { FileBody } from './file-body.ts'
import {
  type OpenFile,
  fromKernel,
  isInside,
  isStable,
  isUnchanged,
  openDirectory,
  openInside,
  tried,
} from '../files/open-file.ts'
import type { Folder } from '../files/folder.ts'
import type { FileSource, ListedFile, SourceFile } from './source.ts'
import { isPlainName } from '../files/target.ts'

/** How many names are looked up at the same time. */
const atOnce = 32

/** The files of a directory of the system. */
export class DiskFiles implements FileSource {
  readonly #folder: Folder

  constructor(folder: Folder) {
    this.#folder = folder
  }

  async open(path: string): Promise<SourceFile | 'directory' | undefined> {
    const root = await this.#folder.real()
    const file = root === undefined ? undefined : await openInside(root, [path])
    return typeof file === 'object' ? new DiskFile(join(this.#folder.path, path), file) : file
  }

  /** Lists only what would be served: nothing that begins with a dot, leads outside, or is neither file nor directory. */
  async list(path: string): Promise<readonly ListedFile[] | undefined> {
    const root = await this.#folder.real()
    const directory = root === undefined ? undefined : await openDirectory(root, path)
    if (root === undefined || !directory) return undefined
    const { handle, real } = directory
    try {
      // Through its handle, so that the checked directory cannot be replaced by another.
      const at = fromKernel ? `/proc/self/fd/${handle.fd}` : real
      const names = (await readdir(at, { withFileTypes: true })).filter(({ name }) =>
        isPlainName(name, path === '' ? 0 : 1),
      )
      const found: ListedFile[] = []
      for (let i = 0; i < names.length; i += atOnce) {
        const some = await Promise.all(names.slice(i, i + atOnce).map((entry) => this.#describe(root, at, entry)))
        for (const entry of some) if (entry) found.push(entry)
      }
      return found
    } finally {
      await handle.close()
    }
  }

  async #describe(root: string, at: string, entry: Dirent): Promise<ListedFile | undefined> {
    const { name } = entry
    if (!entry.isFile() && !entry.isDirectory() && !entry.isSymbolicLink()) return undefined
    const path = `${at}/${name}`
    if (entry.isSymbolicLink()) {
      const real = await tried(realpath(path))
      if (real === undefined || !isInside(root, real)) return undefined
    }
    const stats = await tried(stat(path))
    if (stats?.isDirectory()) return { name, type: 'directory', modified: stats.mtimeMs }
    return stats?.isFile() ? { name, type: 'file', size: stats.size, modified: stats.mtimeMs } : undefined
  }
}

class DiskFile implements SourceFile {
  readonly size: number
  readonly modified: number
  readonly #path: string
  readonly #file: OpenFile
  readonly #stable: boolean
  #closed = false

  constructor(path: string, file: OpenFile) {
    this.#path = path
    this.#file = file
    this.size = Number(file.stats.size)
    this.modified = Number(file.stats.mtimeMs)
    this.#stable = isStable(file.stats)
  }

  /**
   * Size and times make a strong tag (RFC 9110 §8.8.1) once no further change could go unnoticed, and a weak one until then.
   * `ctime` is part of it, because `mtime` can be set to anything, and tools that unpack archives or build reproducibly set it to the
   * same value for every version.
   */
  get etag(): string {
    const { size, mtimeNs, ctimeNs } = this.#file.stats
    const tag = `"${[size, mtimeNs, ctimeNs].map((n) => n.toString(36)).join('-')}"`
    return this.#stable ? tag : `W/${tag}`
  }

  bytes(): Promise<Uint8Array | undefined> {
    return readWhole(this.#file)
  }

  stream(start: number, end: number): AsyncIterable<Uint8Array> {
    return new FileBody(this.#file, start, end)
  }

  /** A file that changed a moment ago is never considered current: another change could look the same. */
  async isCurrent(): Promise<boolean> {
    return this.#stable && (await isUnchanged(this.#path, this.#file))
  }

  /** A read that is under way finishes first. Nothing was written, so a failure to close loses nothing. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#file.handle.close().catch(() => {})
  }
}

/** The content, or undefined when the file was changed in the meantime. */
async function readWhole({ handle, stats }: OpenFile): Promise<Uint8Array | undefined> {
  const size = Number(stats.size)
  // One byte more than expected shows whether the file has grown. Not part of a shared slab, which would stay in memory.
  const buffer = Buffer.allocUnsafeSlow(size + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
    length += bytesRead
    if (bytesRead === 0 || length > size) break
  }
  if (length !== size) return undefined
  const now = await handle.stat({ bigint: true })
  // Being replaced changes `ctime`, but nothing of what was read.
  return now.size === stats.size && now.mtimeNs === stats.mtimeNs ? buffer.subarray(0, size) : undefined
}
