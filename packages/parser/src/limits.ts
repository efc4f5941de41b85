/** Limits for a head. Each is checked while the bytes arrive: the byte that exceeds it is refused. */
export interface HeadLimits {
  /** Empty lines before the start line. Default 8: RFC 9112 §2.2 requires at least one, old clients send one or two. */
  readonly emptyLines: number
  /** Bytes of the method. Default 32: the longest registered one, UPDATEREDIRECTREF, has 17. */
  readonly methodBytes: number
  /** Bytes of the request target. Default 8192: RFC 9112 §3 recommends at least 8000 for the request line. */
  readonly targetBytes: number
  /** Bytes of one field line without its CR LF. Default 16384: cookies and tokens of 8 kB are in use. */
  readonly fieldLineBytes: number
  /** Field lines. Default 128: browsers send about 15, proxies add a dozen, tools that go to 100 still pass. */
  readonly fields: number
  /** Bytes from the start line to the empty line that ends the head. Default 32768: a long target and long cookies together. */
  readonly headBytes: number
}

/** What a body may cost in addition to its data. */
export interface BodyLimits {
  /** Hexadecimal digits of a chunk size, including leading zeros. Default 16: the most that a 64-bit writer can send. */
  readonly chunkSizeDigits: number
  /** Bytes of all chunk extensions of a message together. Default 16384: they are rarely used and never needed. */
  readonly extensionBytes: number
  /**
   * Framing bytes allowed per byte of data: chunk sizes and line ends (extensions have their own limit).
   * Default 16: a chunk of one byte needs 5, or 12 when its size is padded to eight digits.
   */
  readonly overheadRatio: number
  /** Framing bytes that are allowed before `overheadRatio` applies. Default 65536. */
  readonly overheadBytes: number
  /** Bytes of the trailer section, including its closing empty line. Default 16384. */
  readonly trailerBytes: number
  /** Trailer fields. Default 100. */
  readonly trailerFields: number
}

export const defaultHeadLimits: Required<HeadLimits> = {
  emptyLines: 8,
  methodBytes: 32,
  targetBytes: 8192,
  fieldLineBytes: 16384,
  fields: 128,
  headBytes: 32768,
}

export const defaultBodyLimits: Required<BodyLimits> = {
  chunkSizeDigits: 16,
  extensionBytes: 16384,
  overheadRatio: 16,
  overheadBytes: 65536,
  trailerBytes: 16384,
  trailerFields: 100,
}

/**
 * The defaults, overridden by what is given; undefined counts as not given.
 *
 * @throws {TypeError} for an unknown name, and for a value that is not a number
 * @throws {RangeError} unless it is a whole number from 0 up, or Infinity: nothing compares with NaN, so it would limit nothing
 */
export function limitsOf<T extends object>(defaults: T, given: Partial<T> = {}): T {
  const all = { ...defaults } as Record<string, number>
  for (const [name, value] of Object.entries<unknown>(given)) {
    if (value === undefined) continue
    if (!Object.hasOwn(all, name)) throw new TypeError(`${name} is not a limit: ${Object.keys(all).join(', ')}`)
    if (typeof value !== 'number') throw new TypeError(`${name} is not a number: ${typeof value}`)
    if (!(value >= 0 && Math.floor(value) === value)) throw new RangeError(`${name} is not a whole number: ${value}`)
    all[name] = value
  }
  return all as T
}

/** The members of `limits` that have a default in `defaults`. */
export function only<T extends object>(defaults: T, limits: T): T {
  return Object.fromEntries(Object.keys(defaults).map((name) => [name, limits[name as keyof T]])) as T
}
