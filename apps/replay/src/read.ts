// Reads a file of any format.
import { closeSync, openSync, statSync } from 'node:fs'
import { isCapture } from '@spillway/inspect/capture'
import { isAccessLog, readAccessLog } from './access-log.ts'
import { FormatError } from './failure.ts'
import { readHar } from './har.ts'
import { readCapture } from './read-capture.ts'
import { readRaw } from './read-raw.ts'
import { FileSource } from './source.ts'
import type { Transaction, Unnumbered } from './transaction.ts'

/** How far a file has been read. */
export interface Progress {
  read: number
  readonly size: number
}

/**
 * The transactions of a file, whose format is detected from its content. Only a window of the file and the open transactions are in
 * memory, except for HAR files, which are read whole.
 *
 * @param keep how many bytes of each message's content are kept
 * @throws {FormatError} for a file of an unknown format, and for a damaged one
 */
export function* readTransactions(
  file: string,
  keep: number,
  progress: (at: Progress) => void = () => undefined,
): Generator<Transaction> {
  const { size } = statSync(file)
  const handle = openSync(file, 'r')
  try {
    const source = new FileSource(handle)
    let number = 1
    for (const one of kindOf(file, source)(source, keep)) {
      yield { ...one, number: number++ }
      progress({ read: source.read, size })
    }
  } finally {
    closeSync(handle)
  }
}

function kindOf(file: string, source: FileSource): (source: FileSource, keep: number) => Iterable<Unnumbered> {
  if (!source.has(1)) throw new FormatError(`${file} is empty`)
  source.has(4096)
  const start = source.buffer.subarray(source.pos, source.end)
  if (isCapture(start)) return readCapture
  const text = start.toString('latin1')
  if (/^(?:\xef\xbb\xbf)?\s*\{/.test(text)) return () => readHar(file)
  if (isAccessLog(text)) return readAccessLog
  // a request line or a status line, in any form that the observer accepts
  if (/^\s*(?:HTTP\/\d|ICY |[!-~]+ [^\r\n]+ HTTP\/\d)/i.test(text)) return readRaw
  throw new FormatError(`${file} is no HAR file, pcap, pcapng, access log, or file of HTTP messages`)
}
