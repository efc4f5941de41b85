/** The kinds of records that responders use (FastCGI 1.0 §8). */
export const RecordType = { Begin: 1, Abort: 2, End: 3, Params: 4, Stdin: 5, Stdout: 6, Stderr: 7 } as const

/** How the application ended a request (§5.5). */
export const ProtocolStatus = { Complete: 0, CannotMultiplex: 1, Overloaded: 2, UnknownRole: 3 } as const

const version = 1
const headerBytes = 8
/** There is one request on a connection at a time. */
const requestId = 1
const responder = 1
const keepConnection = 1
const maxContent = 0xffff

/** The header of a record (§3.3). No padding: nothing here has to be aligned. */
function recordHeader(type: number, length: number): Uint8Array {
  return Uint8Array.of(version, type, requestId >> 8, requestId & 0xff, length >> 8, length & 0xff, 0, 0)
}

/** A stream's bytes as records of one type, each no longer than a record may be. */
export function* records(type: number, bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += maxContent) {
    const content = bytes.subarray(at, at + maxContent)
    yield recordHeader(type, content.length)
    yield content
  }
}

/** The end of a stream. */
export function endOfStream(type: number): Uint8Array {
  return recordHeader(type, 0)
}

/** Everything of a request except its content: the role, that the connection is to be kept, and the variables (§5.1, §5.2). */
export function requestHead(variables: Readonly<Record<string, string>>): Uint8Array {
  const begin = Uint8Array.of(0, responder, keepConnection, 0, 0, 0, 0, 0)
  return Buffer.concat([
    recordHeader(RecordType.Begin, begin.length),
    begin,
    ...records(RecordType.Params, nameValuePairs(variables)),
    endOfStream(RecordType.Params),
  ])
}

/** Pairs of names and values in UTF-8, each behind the lengths of both (§3.4). */
function nameValuePairs(variables: Readonly<Record<string, string>>): Uint8Array {
  const parts: Uint8Array[] = []
  for (const [name, value] of Object.entries(variables)) {
    const pair = [Buffer.from(name), Buffer.from(value)] as const
    parts.push(pairLength(pair[0].length), pairLength(pair[1].length), ...pair)
  }
  return Buffer.concat(parts)
}

/** One byte up to 127, four with the highest bit set beyond. */
function pairLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length)
  return Uint8Array.of((length >>> 24) | 0x80, length >>> 16, length >>> 8, length)
}

/** Receives what the application sends. */
export interface RecordSink {
  /** Bytes of a stream, `Stdout` or `Stderr`; a record may come in several pieces. */
  onContent(type: number, bytes: Uint8Array): void
  /** The request is over (§5.5). @param protocolStatus one of {@link ProtocolStatus}. */
  onEndRequest(protocolStatus: number): void
}

/** Reads the records of one request, however they are cut. */
export class RecordReader {
  readonly #sink: RecordSink
  readonly #header = new Uint8Array(headerBytes)
  readonly #end = new Uint8Array(8)
  /** Bytes of the header so far. */
  #got = 0
  #type = 0
  #content = 0
  #padding = 0
  #ended = false

  constructor(sink: RecordSink) {
    this.#sink = sink
  }

  /** @throws Error for something that is not a responder's record, or for anything after the end of the request. */
  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#ended) throw new Error('There are records after the end of the request')
      if (this.#got < headerBytes) {
        this.#header[this.#got++] = bytes[at++]!
        if (this.#got === headerBytes) this.#begin()
      } else if (this.#content > 0) {
        const piece = bytes.subarray(at, at + this.#content)
        this.#take(piece)
        at += piece.length
        this.#content -= piece.length
      } else {
        const skipped = Math.min(this.#padding, bytes.length - at)
        at += skipped
        this.#padding -= skipped
      }
      if (this.#got === headerBytes && this.#content === 0 && this.#padding === 0) this.#finish()
    }
  }

  #begin(): void {
    const [sent, type, idHigh, idLow, lengthHigh, lengthLow, padding] = this.#header as unknown as number[]
    if (sent !== version) throw new Error(`The records are of version ${sent}`)
    if ((idHigh! << 8) + idLow! !== requestId) throw new Error('A record belongs to no request of ours')
    this.#type = type!
    this.#content = (lengthHigh! << 8) + lengthLow!
    this.#padding = padding!
    if (type === RecordType.End) {
      if (this.#content !== this.#end.length) throw new Error('The end of the request has a wrong length')
    } else if (type !== RecordType.Stdout && type !== RecordType.Stderr) throw new Error(`A record is of type ${type}`)
  }

  #take(piece: Uint8Array): void {
    if (this.#type !== RecordType.End) this.#sink.onContent(this.#type, piece)
    else this.#end.set(piece, this.#end.length - this.#content)
  }

  #finish(): void {
    this.#got = 0
    if (this.#type !== RecordType.End) return
    this.#ended = true
    this.#sink.onEndRequest(this.#end[4]!)
  }
}
