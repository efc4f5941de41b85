// The streams of a connection, and the state of each (RFC 9113 §5.1).
import { ReceiveWindow } from './flow.ts'
import type { Http2Request, Http2Response } from './heads.ts'
import { defaultPriority, type Ordered, type Priority } from './priority.ts'

/**
 * One request and its response. Of the states of RFC 9113 §5.1, those are kept that matter here: a stream is open as long
 * as either side may send, and known as long as it is open.
 *
 *   openIn  openOut
 *   true    true     open
 *   false   true     half-closed (remote): the peer has sent everything
 *   true    false    half-closed (local): we have sent everything
 *   false   false    closed
 */
export class Http2Stream implements Ordered {
  readonly id: number
  /** Whether the peer may send more. */
  openIn: boolean = true
  /** Whether we may send more. */
  openOut: boolean = true
  /** Bytes that we may send; below zero when the peer has reduced its window in the meantime. */
  sendWindow: number
  readonly receiveWindow: ReceiveWindow
  /** The Content-Length of the incoming message, or -1. */
  expected: number = -1
  /** Bytes of content that have arrived. */
  received: number = 0
  /** The head that arrived, if it has; for a client's stream, the last one. */
  head: Http2Request | Http2Response | undefined = undefined
  priority: Priority = defaultPriority
  isQueued: boolean = false
  /** For the user of the machine, to keep data for the stream. */
  owner: unknown = undefined
  /** Whether the response has no content, whatever its head says, because the request was a HEAD. */
  _isHead: boolean = false
  /** Whether it was asked for by CONNECT, and may become a tunnel or is one. */
  _isTunnel: boolean = false

  constructor(id: number, sendWindow: number, receiveWindow: number) {
    this.id = id
    this.sendWindow = sendWindow
    this.receiveWindow = new ReceiveWindow(receiveWindow)
  }
}

/** How many of the streams that we have reset are remembered, so that frames that were on their way to them are not errors. */
const lingering = 100

/** The streams of a connection. */
export class Streams {
  /** The highest stream that the peer has begun. */
  lastIn: number = 0
  /** The highest stream that this side has begun. */
  lastOut: number = 0
  /** How many streams the peer has begun that are still open. */
  openIn: number = 0
  readonly _open: Map<number, Http2Stream> = new Map()
  /** The last streams that we have reset, the oldest one at `_oldest`. */
  readonly _reset: number[] = []
  _oldest: number = 0

  get size(): number {
    return this._open.size
  }

  get(id: number): Http2Stream | undefined {
    return this._open.get(id)
  }

  [Symbol.iterator](): Iterator<Http2Stream> {
    return this._open.values()
  }

  add(stream: Http2Stream, isOurs: boolean): void {
    this._open.set(stream.id, stream)
    if (isOurs) this.lastOut = stream.id
    else {
      this.lastIn = stream.id
      this.openIn++
    }
  }

  /** @param isOurs whether this side began it. */
  remove(stream: Http2Stream, isOurs: boolean): void {
    if (this._open.delete(stream.id) && !isOurs) this.openIn--
  }

  /** Whether a stream has not begun. */
  isIdle(id: number, isOurs: boolean): boolean {
    return id > (isOurs ? this.lastOut : this.lastIn)
  }

  /** Remembers a stream that we have reset. */
  linger(id: number): void {
    this._reset[this._oldest] = id
    this._oldest = (this._oldest + 1) % lingering
  }

  isLingering(id: number): boolean {
    return this._reset.includes(id)
  }
}
