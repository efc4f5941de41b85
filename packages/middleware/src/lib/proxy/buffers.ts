// How much memory and disk a proxy's messages may use while they wait for the slower side.
import { type Read, type Rules, flag, optional, text, whole } from '@spillway/core/options'

/** Where messages wait for a slow receiver, so that the other side can finish early. */
export interface BufferOptions {
  /**
   * Whether the content of a request is read before a server is asked: the server then gets it at once and with its length, and
   * the request can be repeated. If false, content is passed on as it comes, for uploads whose reply begins before they end. Default: true.
   */
  readonly request?: boolean
  /** Whether the content of a reply is read from the server as fast as it comes. It is still passed on without delay. Default: true. */
  readonly reply?: boolean
  /** Bytes of one message in memory. Default: 256 KiB. */
  readonly memoryBytes?: number
  /** Bytes of one message in a file, beyond those in memory; 0 for no file. Default: 1 GiB. */
  readonly diskBytes?: number
  /** Bytes of all messages in memory. Default: 64 MiB. */
  readonly totalMemoryBytes?: number
  /** Bytes of all messages in files. Default: 4 GiB. */
  readonly totalDiskBytes?: number
  /** Folder for the files, which have no name in it and disappear with the process. Default: the system's temporary folder. */
  readonly folder?: string
}

export const bufferRules: Rules<Required<Omit<BufferOptions, 'folder'>> & Pick<BufferOptions, 'folder'>> = {
  request: flag(true),
  reply: flag(true),
  memoryBytes: whole(256 * 1024),
  diskBytes: whole(1024 ** 3),
  totalMemoryBytes: whole(64 * 1024 ** 2),
  totalDiskBytes: whole(4 * 1024 ** 3),
  folder: optional(text('', /./)),
}

/** A limited number of bytes that messages share. */
export class Room {
  readonly #each: number
  readonly #total: number
  #taken = 0

  constructor(each: number, total: number) {
    this.#each = each
    this.#total = total
  }

  /** Takes bytes for a message that already holds some; false when there are not enough left. */
  take(held: number, bytes: number): boolean {
    if (held + bytes > this.#each || this.#taken + bytes > this.#total) return false
    this.#taken += bytes
    return true
  }

  release(bytes: number): void {
    this.#taken -= bytes
  }
}

/** The memory and disk that the messages of one proxy share. */
export class Buffers {
  readonly request: boolean
  readonly reply: boolean
  readonly memory: Room
  readonly disk: Room
  readonly folder: string | undefined

  constructor(options: Read<typeof bufferRules>) {
    const { request, reply, memoryBytes, totalMemoryBytes, diskBytes, totalDiskBytes, folder } = options
    this.request = request
    this.reply = reply
    this.memory = new Room(memoryBytes, totalMemoryBytes)
    this.disk = new Room(diskBytes, totalDiskBytes)
    this.folder = folder
  }
}
