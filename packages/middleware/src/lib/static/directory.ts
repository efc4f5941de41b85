import { join } from 'node:path'
import { HttpError } from '@spillway/core'
import { FileCache } from './file-cache.ts'
import { type OpenFile, isSettled, isUnchanged, openInside } from './open-file.ts'
import { type Description, type Representation, type Sibling, describeBytes, describeFile } from './representation.ts'
import { closeFile } from './respond.ts'

/** Files up to here are read whole, hashed and kept. */
const wholeBytes = 1024 * 1024

/** What an entry takes beside its content, about. */
const overhead = 2048

/** Times to read a small file again that changed while it was read. */
const attempts = 8

/** A file in the cache. */
interface CachedFile extends Representation, Pick<OpenFile, 'stats' | 'real'> {
  readonly content: Uint8Array
  readonly cost: number
  checked: number
  /** Whether `stat` would tell of any change since. */
  readonly settled: boolean
}

type Found = Representation | 'directory' | undefined

/** The files of a directory, small ones from memory. */
export class Directory {
  readonly #root: string
  readonly #cache: FileCache<CachedFile>
  readonly #siblings: readonly Sibling[]
  readonly #cacheControl: (path: string) => string
  /** What is being looked at, so that many requests for one file read it once. */
  readonly #flights = new Map<string, { readonly started: number; readonly found: Promise<Found> }>()

  /** @param root its real path. */
  constructor(
    root: string,
    cache: { readonly maxBytes: number; readonly maxStale: number },
    siblings: readonly Sibling[],
    cacheControl: (path: string) => string,
  ) {
    this.#root = root
    this.#cache = new FileCache(cache.maxBytes, cache.maxStale)
    this.#siblings = siblings
    this.#cacheControl = cacheControl
  }

  /** A file that is known well enough to be used in this turn. */
  peek(path: string, coding?: Sibling): Representation | undefined {
    return this.#cache.fresh(keyOf(path, coding))
  }

  /**
   * A file, in a coding if that is asked for. What it says is no older than the call, or than `maxStale`. A large one is
   * open, and the caller's to close.
   */
  async find(path: string, coding?: Sibling): Promise<Found> {
    const key = keyOf(path, coding)
    const flight = this.#flights.get(key)
    if (flight && this.#cache.isFresh(flight.started)) {
      const found = await flight.found
      // A handle belongs to who came first.
      return typeof found === 'object' && !(found.content instanceof Uint8Array) ? this.#load(path, key, coding) : found
    }
    const started = FileCache.now()
    const found = this.#renew(path, key, coding, started)
    const mine = { started, found }
    this.#flights.set(key, mine)
    try {
      return await found
    } finally {
      if (this.#flights.get(key) === mine) this.#flights.delete(key)
    }
  }

  async #renew(path: string, key: string, coding: Sibling | undefined, started: number): Promise<Found> {
    const known = this.#cache.stale(key)
    if (known?.settled && (await this.#isCurrent(path, known, coding))) {
      known.checked = Math.max(known.checked, started)
      return known
    }
    const found = await this.#load(path, key, coding)
    if (typeof found === 'object' && 'cost' in found) this.#cache.set(key, found)
    else this.#cache.delete(key)
    return found
  }

  async #isCurrent(path: string, known: CachedFile, coding: Sibling | undefined): Promise<boolean> {
    const [unchanged, siblings] = await Promise.all([
      isUnchanged(join(this.#root, path + (coding?.extension ?? '')), known),
      this.#siblingsOf(path, coding),
    ])
    return unchanged && siblings.length === known.siblings.length && siblings.every((s, i) => s === known.siblings[i])
  }

  async #load(path: string, key: string, coding: Sibling | undefined): Promise<CachedFile | Found> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const started = FileCache.now()
      const file = await openInside(this.#root, [path + (coding?.extension ?? '')])
      if (file === undefined || file === 'directory') return file
      let keep = false
      try {
        const description = await this.#describe(path, coding)
        if (file.stats.size > wholeBytes) {
          const described = describeFile(file, description)
          keep = true
          return described
        }
        const content = await readWhole(file)
        if (content) return this.#entry(file, content, description, key, started)
      } finally {
        if (!keep) closeFile(file)
      }
    }
    throw new HttpError(503, 'The file is being written')
  }

  #entry(
    { stats, real }: OpenFile,
    content: Uint8Array,
    description: Description,
    key: string,
    checked: number,
  ): CachedFile {
    const described = describeBytes(content, Number(stats.mtimeMs), description)
    const cost = content.length + described.ok!.cost + 2 * key.length + overhead
    return { ...described, content, stats, real, cost, checked, settled: isSettled(stats) }
  }

  async #describe(path: string, coding: Sibling | undefined): Promise<Description> {
    const name = path.slice(path.lastIndexOf('/') + 1)
    return { name, coding, cacheControl: this.#cacheControl(path), siblings: await this.#siblingsOf(path, coding) }
  }

  /** The codings that a file can be had in. What they are like is found out when one is asked for. */
  async #siblingsOf(path: string, coding: Sibling | undefined): Promise<readonly Sibling[]> {
    if (coding || this.#siblings.length === 0) return []
    const there = await Promise.all(
      this.#siblings.map(async ({ extension }) => {
        const file = await openInside(this.#root, [path + extension])
        if (typeof file === 'object') closeFile(file)
        return typeof file === 'object'
      }),
    )
    return this.#siblings.filter((_, i) => there[i])
  }
}

function keyOf(path: string, coding: Sibling | undefined): string {
  // No path has a NUL.
  return coding ? `${path}\0${coding.name}` : path
}

/** The content, or undefined when the file was changed in the meantime. */
async function readWhole({ handle, stats }: OpenFile): Promise<Uint8Array | undefined> {
  const size = Number(stats.size)
  // One byte more than there should be shows a file that has grown. No part of a shared slab, which would stay in memory.
  const buffer = Buffer.allocUnsafeSlow(size + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
    length += bytesRead
    if (bytesRead === 0 || length > size) break
  }
  if (length !== size) return undefined
  const now = await handle.stat({ bigint: true })
  // Being replaced moves `ctime`, and changes nothing of what was read.
  return now.size === stats.size && now.mtimeNs === stats.mtimeNs ? buffer.subarray(0, size) : undefined
}
