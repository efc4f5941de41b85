import { Collector } from './collector.ts'
import type { FileSource } from './source.ts'
import type { Unnumbered } from './transaction.ts'

const STATUS_LINE = Buffer.from('HTTP/')

/** Reads requests, responses, or requests followed by their responses, as they are on the wire; responses answer the requests in order. */
export function* readRaw(source: FileSource, keep: number): Generator<Unnumbered> {
  const done: Unnumbered[] = []
  let collector = new Collector((one) => done.push(one), keep)
  let side: 'request' | 'response' = 'request'
  let isNew = true
  for (let bytes; (bytes = source.rest()) !== null;) {
    // the first bytes show whether the file starts with requests or responses
    if (isNew) side = bytes.subarray(0, 5).equals(STATUS_LINE) ? 'response' : 'request'
    isNew = false
    for (let from = 0; from < bytes.length;) {
      const turn = side === 'request' ? bytes.indexOf('\nHTTP/1.', from, 'latin1') + 1 : 0
      const end = turn > 0 ? turn : bytes.length
      collector.data(side, bytes.subarray(from, end), 0)
      if (turn > 0) side = 'response'
      from = end
    }
    yield* done.splice(0)
  }
  collector.end('request', 0)
  collector.end('response', 0)
  collector.finish()
  yield* done
}
