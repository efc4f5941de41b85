import { Http2Control } from './control.ts'
import type { Http2FaultCode } from './errors.ts'
import { awaitsResponse } from './heads.ts'
import { price } from './ledger.ts'
import { CONTENT, END, END_STREAM, GO_ON, MORE, PADDED } from './numbers.ts'
import type { Http2Stream } from './streams.ts'

/** How a connection handles DATA frames: content is passed on as it comes, without being collected. */
export abstract class Http2Content extends Http2Control {
  /** The first byte, of those passed last, that was not read. */
  pos: number = 0
  dataStart: number = 0
  dataEnd: number = 0
  trailers: readonly (readonly [string, string])[] | null = null
  /** Whether a DATA frame is being read; the stream it is for, unless it is dropped; bytes of content left; bytes of padding, -1 if unknown. */
  _inData: boolean = false
  _target: Http2Stream | undefined = undefined
  _contentLeft: number = 0
  _padding: number = 0

  /** DATA counts in full, including padding, as soon as its head has arrived, whichever stream it is for. RFC 9113 §6.9.1. */
  _beginData(): number {
    const { stream: id, length, flags } = this._reader
    if (id === 0) return this._fail('STREAM_MISSING')
    const isPadded = (flags & PADDED) !== 0
    if (isPadded && length === 0) return this._fail('FRAME_SIZE_INVALID')
    const stream = this.streams.get(id)
    if (stream === undefined) {
      if (this._isIdle(id)) return this._fail('STREAM_IDLE')
      if (!this._mayFollow(id)) return this._fail('STREAM_NOT_OPEN')
    }
    if (!this.receiveWindow.take(length)) return this._fail('WINDOW_EXCEEDED')
    this._inData = true
    this._target = stream
    this._padding = isPadded ? -1 : 0
    this._contentLeft = length
    if (stream === undefined) return GO_ON
    if (!stream.openIn) return this._dropData(stream, 'STREAM_NOT_OPEN')
    if (!stream.receiveWindow.take(length)) return this._dropData(stream, 'WINDOW_EXCEEDED')
    if (!this.isServer && awaitsResponse(stream.head)) return this._dropData(stream, 'RESPONSE_HEAD_MISSING')
    const isEmpty = length === 0 && (flags & END_STREAM) === 0
    return isEmpty ? this._charge(price.emptyData) : GO_ON
  }

  _dropData(stream: Http2Stream, code: Http2FaultCode): number {
    this._target = undefined
    return this._failStream(stream, code)
  }

  _content(buf: Uint8Array, end: number): number {
    const reader = this._reader
    // The stream may have ended since the last part.
    if (this._target?.openIn === false) this._target = undefined
    if (this._padding < 0) {
      if (this.pos === end) return MORE
      const padding = buf[this.pos]!
      this._part(buf, end, 1)
      if (padding > reader.left) return this._fail('PADDING_INVALID')
      this._padding = padding
      this._contentLeft = reader.left - padding
      this.release(this._target, padding + 1)
    }
    if (this._contentLeft > 0) {
      if (this.pos === end) return MORE
      const start = this.pos
      this._part(buf, end, this._contentLeft)
      const size = this.pos - start
      this._contentLeft -= size
      const target = this._target
      if (target === undefined) this.release(undefined, size)
      else {
        target.received += size
        if (target.expected >= 0 && target.received > target.expected) {
          this.release(undefined, size)
          return this._dropData(target, 'LENGTH_WRONG')
        }
        this.stream = target
        this.dataStart = start
        this.dataEnd = this.pos
        return CONTENT
      }
      return GO_ON
    }
    if (reader.left > 0) {
      this._part(buf, end, reader.left)
      if (reader.left > 0) return MORE
    }
    return this._endData(buf, end)
  }

  /** Takes bytes of the payload. */
  _part(buf: Uint8Array, end: number, most: number): void {
    this._reader.part(buf, this.pos, end, most)
    this.pos = this._reader.pos
  }

  _endData(buf: Uint8Array, end: number): number {
    // An empty payload has no last part.
    if (this._reader.partial) this._part(buf, end, 0)
    this._inData = false
    const target = this._target
    if (target === undefined || (this._reader.flags & END_STREAM) === 0) return GO_ON
    this._target = undefined
    return this._complete(target, null)
  }

  /** A message is complete. RFC 9113 §8.1.1. */
  _complete(stream: Http2Stream, trailers: Http2Content['trailers']): number {
    if (stream.expected >= 0 && stream.received !== stream.expected) return this._failStream(stream, 'LENGTH_WRONG')
    this._endIn(stream)
    this.stream = stream
    this.trailers = trailers
    return END
  }
}
