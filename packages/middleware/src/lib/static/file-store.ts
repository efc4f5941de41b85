// Files in the forms in which they can be sent: from memory or from their source, encoded or not.
import { HttpError } from '@spillway/core'
import { isCompressible } from '../http/compressible.ts'
import { KnownPaths, ownText } from '../tools/known-paths.ts'
import { contentType } from './content-type.ts'
import { FileCache } from './file-cache.ts'
import { type Description, type Representation, type Variant, describeBytes, describeFile } from './representation.ts'
import { type FileSource, type SourceFile, closeFile } from './source.ts'

/** Files up to this size are read whole, hashed and kept. */
const wholeBytes = 1024 * 1024

/** Shorter content is not worth encoding: it fits into a single packet anyway. */
const encodedBytes = 1024

/** Approximate bytes of an entry in addition to its content and its reply. */
const overhead = 1024

/** How often a small file that changed while it was read is read again. */
const attempts = 8

/** A file in the cache. */
interface CachedFile extends Representation {
  readonly content: Uint8Array
  readonly cost: number
  checked: number
  /** The file it was read from; closed. */
  readonly file: SourceFile
  /** For content that was encoded here: what it was made from. */
  readonly origin?: Representation
}

/** What is at a path. */
export type Found = Representation | 'directory' | 'nothing'

/** How files are kept and described. */
export interface StoreOptions {
  readonly maxBytes: number
  readonly recheckAfter: number
  /** Codings for which there may be files. */
  readonly siblings: readonly Variant[]
  /** Codings in which files are encoded here. */
  readonly made: readonly Variant[]
  readonly cacheControl: (path: string) => string
}

/** The files of a source; small ones come from memory. */
export class FileStore {
  readonly #source: FileSource
  readonly #options: StoreOptions
  readonly #cache: FileCache<CachedFile>
  /** Paths without files, and when that was found: clean URLs and fallbacks ask for such names all the time. */
  readonly #fileless = new KnownPaths<{ readonly found: 'directory' | 'nothing'; readonly checked: number }>()
  /** Lookups under way, so that many requests for one file read it once. */
  readonly #flights = new Map<string, { readonly started: number; readonly found: Promise<Found> }>()
  readonly #encoding = new Map<string, Promise<Representation>>()
  /** Content that no coding makes smaller. */
  readonly #hard = new WeakSet<Representation>()

  constructor(source: FileSource, options: StoreOptions) {
    this.#source = source
    this.#options = options
    this.#cache = new FileCache(options.maxBytes, options.recheckAfter)
  }

  /** What is at a path, if it is known well enough to be used in this turn. */
  peek(path: string, variant?: Variant): Found | undefined {
    const key = keyOf(path, variant)
    const file = this.#cache.fresh(key)
    if (file) return file
    const other = this.#fileless.get(key)
    return other && this.#cache.isFresh(other.checked) ? other.found : undefined
  }

  /** The same for its content in a coding. @param identity what `peek` or `find` returned for the path. */
  peekIn(variant: Variant, path: string, identity: Representation): Representation | undefined {
    const key = keyOf(path, variant)
    if (!variant.coding) return this.#cache.fresh(key)
    if (this.#hard.has(identity)) return identity
    const made = this.#cache.entry(key)
    return made?.origin === identity ? made : undefined
  }

  /**
   * A file, unencoded or in the coding of a sibling file. The result is no older than this call, or than `recheckAfter`. A large file
   * is open, and the caller has to close it.
   */
  async find(path: string, variant?: Variant): Promise<Found> {
    const known = this.peek(path, variant)
    if (known) return known
    const key = keyOf(path, variant)
    const flight = this.#flights.get(key)
    if (flight && this.#cache.isFresh(flight.started)) {
      const found = await flight.found
      // The open file belongs to the first caller.
      return typeof found === 'object' && !(found.content instanceof Uint8Array)
        ? this.#load(path, key, variant)
        : found
    }
    const started = FileCache.now()
    const found = this.#renew(path, key, variant, started)
    const mine = { started, found }
    this.#flights.set(key, mine)
    try {
      return await found
    } finally {
      if (this.#flights.get(key) === mine) this.#flights.delete(key)
    }
  }

  /** A file in a coding: from a sibling, or encoded now, once for everybody. The identity if the file has gone, or does not get smaller. */
  async findIn(variant: Variant, path: string, identity: Representation): Promise<Representation> {
    const { coding } = variant
    if (!coding) {
      const found = await this.find(path, variant)
      return typeof found === 'object' ? found : identity
    }
    const key = `${keyOf(path, variant)}\0${identity.etag}`
    const running = this.#encoding.get(key)
    if (running) return running
    const encoding = this.#encode(variant, path, identity as CachedFile)
    this.#encoding.set(key, encoding)
    try {
      return await encoding
    } finally {
      this.#encoding.delete(key)
    }
  }

  async #encode(variant: Variant, path: string, identity: CachedFile): Promise<Representation> {
    const content = await variant.coding!.whole(identity.content)
    if (content.length >= identity.size) {
      this.#hard.add(identity)
      return identity
    }
    const description = { ...this.#describe(path, []), variant }
    const { file, checked } = identity
    const described = describeBytes(content, file.modified, description)
    const key = keyOf(path, variant)
    const cost = content.length + described.ok.cost + 2 * key.length + overhead
    const entry = { ...described, content, file, cost, checked, origin: identity }
    this.#cache.set(key, entry)
    return entry
  }

  async #renew(path: string, key: string, variant: Variant | undefined, started: number): Promise<Found> {
    const known = this.#cache.stale(key)
    if (known && (await this.#isCurrent(path, known, variant))) {
      known.checked = Math.max(known.checked, started)
      return known
    }
    const found = await this.#load(path, key, variant)
    if (typeof found === 'object' && 'cost' in found) this.#cache.set(key, found)
    else this.#cache.delete(key)
    if (typeof found === 'string') this.#fileless.set(ownText(key), { found, checked: started })
    return found
  }

  async #isCurrent(path: string, known: CachedFile, variant: Variant | undefined): Promise<boolean> {
    const [unchanged, siblings] = await Promise.all([known.file.isCurrent?.() ?? true, this.#siblingsOf(path, variant)])
    const before = known.variants.filter(({ coding }) => !coding)
    return unchanged && siblings.length === before.length && siblings.every((s, i) => s === before[i])
  }

  async #load(path: string, key: string, variant: Variant | undefined): Promise<CachedFile | Found> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const checked = FileCache.now()
      const file = await this.#source.open(path + (variant?.extension ?? ''))
      if (typeof file !== 'object') return file ?? 'nothing'
      let keep = false
      try {
        const description = { ...this.#describe(path, await this.#siblingsOf(path, variant)), variant }
        if (file.size > wholeBytes && file.stream) {
          keep = true
          return describeFile(file, description)
        }
        const content = await file.bytes()
        if (content) return this.#entry(file, content, description, key, checked)
      } finally {
        if (!keep) closeFile(file)
      }
    }
    throw new HttpError(503, 'The file is being written')
  }

  #entry(file: SourceFile, content: Uint8Array, given: Description, key: string, checked: number): CachedFile {
    const variants = given.variant ? given.variants : [...given.variants, ...this.#madeFor(given, content.length)]
    const described = describeBytes(content, file.modified, { ...given, variants })
    const cost = content.length + described.ok.cost + 2 * key.length + overhead
    return { ...described, content, file, cost, checked }
  }

  #describe(path: string, variants: readonly Variant[]): Description {
    return { name: path.slice(path.lastIndexOf('/') + 1), cacheControl: this.#options.cacheControl(path), variants }
  }

  /** The codings to make, except those for which there are files. */
  #madeFor({ name, variants }: Description, size: number): readonly Variant[] {
    const { made } = this.#options
    if (made.length === 0 || size < encodedBytes || size > wholeBytes) return []
    if (!isCompressible(contentType(name).split(';', 1)[0]!)) return []
    return made.filter((one) => !variants.some((sibling) => sibling.name === one.name))
  }

  /** The codings for which there are files. The files themselves are looked at when one is requested. */
  async #siblingsOf(path: string, variant: Variant | undefined): Promise<readonly Variant[]> {
    const { siblings } = this.#options
    if (variant || siblings.length === 0) return []
    const there = await Promise.all(
      siblings.map(async ({ extension }) => {
        const file = await this.#source.open(path + extension)
        if (typeof file === 'object') closeFile(file)
        return typeof file === 'object'
      }),
    )
    return siblings.filter((_, i) => there[i])
  }
}

function keyOf(path: string, variant: Variant | undefined): string {
  // A path never contains a NUL.
  return variant ? `${path}\0${variant.name}` : path
}
