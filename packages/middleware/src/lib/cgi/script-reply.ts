// The reply made from a script's output.
import { Reply } from '@spillway/core'
import { type ScriptHead, ScriptHeadReader, badReply } from './script-head.ts'

/** The output of a script, pulled. `return` releases the script. */
export type ScriptOutput = AsyncIterator<Uint8Array, undefined> & Required<Pick<AsyncIterator<Uint8Array>, 'return'>>

/** A script's request that another resource of this server be sent in its place (RFC 3875 §6.2.2): a path, perhaps with a query. */
export interface LocalRedirect {
  readonly location: string
}

/**
 * Reads a script's reply (RFC 3875 §6): a document, whose content is streamed; a redirect for the client; or a
 * local redirect, which is a path in Location and no other field.
 * @param maxHead most bytes of the head.
 * @throws HttpError 502 when the head is malformed, too long or missing, or content comes without a type; whatever `output`
 * throws.
 */
export async function readScriptReply(output: ScriptOutput, maxHead: number): Promise<Reply | LocalRedirect> {
  const { head, rest } = await readHead(output, maxHead)
  const { status, location, headers, hasType } = head
  if (location?.startsWith('/') && status === undefined && headers.size === 1) {
    await ended(output, rest)
    return { location }
  }
  if (!hasType) {
    if (status === undefined && location === null) throw badReply('There is no Content-Type, Location or Status')
    await ended(output, rest)
    return new Reply(null, status ?? 302, headers)
  }
  return new Reply(new ScriptContent(rest, output), status ?? (location === null ? 200 : 302), headers)
}

async function readHead(output: ScriptOutput, max: number): Promise<{ head: ScriptHead; rest: Uint8Array }> {
  const reader = new ScriptHeadReader(max)
  for (;;) {
    const { done, value } = await output.next()
    if (done) throw badReply('It ends before its head is complete')
    const end = reader.push(value)
    if (end !== undefined) return { head: reader.read(), rest: value.subarray(end) }
  }
}

/** Makes sure that the output ends here: without a type, nobody would know what further content is (§6.3.1). */
async function ended(output: ScriptOutput, rest: Uint8Array): Promise<void> {
  if (rest.length > 0 || !(await output.next()).done) throw badReply('There is content without a Content-Type')
}

/** The content after the head. */
class ScriptContent implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  #rest: Uint8Array | undefined
  readonly #output: ScriptOutput

  constructor(rest: Uint8Array, output: ScriptOutput) {
    this.#rest = rest
    this.#output = output
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = this.#rest
    this.#rest = undefined
    return value && value.length > 0 ? { done: false, value } : this.#output.next()
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.#output.return()
    return { done: true, value: undefined }
  }
}
