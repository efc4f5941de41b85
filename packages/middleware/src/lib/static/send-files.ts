// Sends single files of a directory.
import { type Context, HttpError, type Reply } from '@spillway/core'
import { type Rules, either, flag, optional, readOptions, text } from '@spillway/core/options'
import { Folder } from '../files/folder.ts'
import { isPlainName } from '../files/target.ts'
import { DiskFiles } from './disk-files.ts'
import { FileStore } from './file-store.ts'
import { attachment } from './attachment.ts'
import { respond } from './respond.ts'
import type { FileSource } from './source.ts'

/** How one file is sent. */
export interface SendFileOptions {
  /** Whether browsers save it instead of showing it, and under which name; true means its own name. Default: false. */
  readonly attachment?: boolean | string
  /** The content type. Default: by its extension. */
  readonly type?: string
  /** The Cache-Control field. Default: `no-cache`, so that a client asks each time and usually gets a 304. */
  readonly cacheControl?: string
}

export const sendRules: Rules<SendFileOptions> = {
  attachment: optional(either(flag(), text())),
  type: optional(text()),
  cacheControl: optional(text()),
}

/** Sends a file from a handler. */
export type SendFile = (c: Context<any, any>, path: string, options?: SendFileOptions) => Promise<Reply>

/**
 * Makes a function that sends single files of a directory from handlers, which decide who may have which: with types, `ETag`, 304, 412 and
 * ranges, as `staticFiles` does. `const send = sendFiles('reports')`, `send(c, '2025/may.pdf', { attachment: 'Report.pdf' })`.
 * Nothing outside of the directory is ever sent, nor what begins with a dot: then, and for what there is not, it throws a 404.
 * @throws Error when there is no such directory; TypeError for what is no source of files.
 */
export function sendFiles(root: string | URL | FileSource): SendFile {
  const source = sourceAt(root)
  const store = new FileStore(source, {
    maxBytes: 16 * 1024 * 1024,
    recheckAfter: 1000,
    cacheControl: () => 'no-cache',
    siblings: [],
    made: [],
  })
  return async (c, path, options) => {
    const { attachment: as, type, cacheControl } = readOptions(sendRules, options)
    const names = path.split('/')
    const found = names.every((name, i) => name !== '' && isPlainName(name, i)) ? await store.find(path) : undefined
    if (typeof found !== 'object') throw new HttpError(404)
    const reply = respond(c, found)
    if (type !== undefined && reply.headers.has('Content-Type')) reply.headers.set('Content-Type', type)
    if (cacheControl !== undefined) reply.headers.set('Cache-Control', cacheControl)
    return as === undefined || as === false ? reply : attachment(reply, as === true ? names.at(-1)! : as)
  }
}

/** @throws Error when there is no such directory; TypeError for what is no source of files. */
export function sourceAt(root: string | URL | FileSource): FileSource {
  if (typeof root === 'string' || root instanceof URL) return new DiskFiles(new Folder(root))
  if (typeof (root as Partial<FileSource> | null | undefined)?.open === 'function') return root
  throw new TypeError('Files come from a directory, or from what has a method `open`')
}
