// Where files come from (decision 029).
import { type MaybePromise, guarded, printError } from '@spillway/core'

/**
 * Where files come from: a directory, a map in memory, an archive, anything with names. Paths are relative; their names are
 * decoded and checked, and joined by slashes. No name is empty or begins with a dot (except `.well-known` at the front), and
 * the root is `''`.
 */
export interface FileSource {
  /** What is at a path: a file, which the caller closes, a directory, or undefined if there is nothing that may be served. */
  open(path: string): MaybePromise<SourceFile | 'directory' | undefined>
  /** The content of a directory, in any order; for listings. Undefined when there is no such directory. */
  list?(path: string): MaybePromise<readonly ListedFile[] | undefined>
}

/** One version of a file. */
export interface SourceFile {
  /** Bytes. */
  readonly size: number
  /** The time of the last change: milliseconds since 1970. */
  readonly modified?: number | undefined
  /** As in the field ETag; needed for files that are streamed, as the tag of all others is a hash of their bytes. */
  readonly etag?: string | undefined
  /** All of it. Undefined when it was changed in the meantime, so that the path has to be opened again. */
  bytes(): MaybePromise<Uint8Array | undefined>
  /**
   * The bytes from `start` to `end`, both inclusive: for files that are too large to be kept in memory. It must fail rather
   * than return bytes of another version. Default: every file is read whole.
   */
  stream?(start: number, end: number): AsyncIterable<Uint8Array>
  /** Whether its path still leads to this version; also called after `close`. Default: always. */
  isCurrent?(): MaybePromise<boolean>
  /** Releases it; called at least once. */
  close?(): void
}

/** An entry of a listing. */
export interface ListedFile {
  readonly name: string
  readonly type: 'file' | 'directory'
  /** Bytes; only for files. */
  readonly size?: number | undefined
  /** Milliseconds since 1970. */
  readonly modified?: number | undefined
}

/** Closes a file. If that fails, nobody who waits for a reply is affected. */
export function closeFile(file: SourceFile): void {
  guarded(
    () => file.close?.(),
    (error) => printError('while a file was closed', error),
  )
}
