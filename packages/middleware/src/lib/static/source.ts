// Where files come from (decision 029).
import { type MaybePromise, guarded, printError } from '@spillway/core'

/**
 * Where files come from: a directory, a map in memory, an archive, whatever has names. Paths are relative; their names are
 * decoded and checked, joined by slashes, none of them is empty or begins with a dot (but `.well-known` at the front), and
 * the root is `''`.
 */
export interface FileSource {
  /** What is at a path: a file, which the caller closes, a directory, or nothing that may be served. */
  open(path: string): MaybePromise<SourceFile | 'directory' | undefined>
  /** What is in a directory, in any order; for listings. Undefined when there is no such directory. */
  list?(path: string): MaybePromise<readonly ListedFile[] | undefined>
}

/** One version of a file. */
export interface SourceFile {
  /** Bytes. */
  readonly size: number
  /** When it was last changed: milliseconds since 1970. */
  readonly modified?: number | undefined
  /** As in the field ETag; needed for what is streamed, for the tag of everything else is a hash of its bytes. */
  readonly etag?: string | undefined
  /** All of it. Undefined when it was changed meanwhile, so that the path has to be opened again. */
  bytes(): MaybePromise<Uint8Array | undefined>
  /**
   * The bytes from `start` to `end`, both included: for files that are too large to be kept in memory. It must fail rather
   * than send what is not of this version. Default: every file is read whole.
   */
  stream?(start: number, end: number): AsyncIterable<Uint8Array>
  /** Whether its path still leads to this version; asked after `close`, too. Default: it does for ever. */
  isCurrent?(): MaybePromise<boolean>
  /** Lets go of it; called once or more. */
  close?(): void
}

/** A line of a listing. */
export interface ListedFile {
  readonly name: string
  readonly type: 'file' | 'directory'
  /** Bytes; of files. */
  readonly size?: number | undefined
  /** Milliseconds since 1970. */
  readonly modified?: number | undefined
}

/** Closes a file. That it fails concerns nobody who waits for a reply. */
export function closeFile(file: SourceFile): void {
  guarded(
    () => file.close?.(),
    (error) => printError('while a file was closed', error),
  )
}
