import type { Socket } from 'node:net'
import { HttpError, highWater } from '@spillway/core'
import type { ScriptErrors } from '../cgi/script-errors.ts'
import { badReply } from '../cgi/script-head.ts'
import type { ScriptOutput } from '../cgi/script-reply.ts'
import { ProtocolStatus, RecordReader, type RecordSink, RecordType, endOfStream, records } from './records.ts'

/**
 * One request on a connection: its output is pulled while its content is fed. Any failure is what `next` throws, and
 * ends the connection. `return` ends it as well: closing tells the application that nobody waits for it any more (FastCGI 1.0 §5.4
 * intends FCGI_ABORT_REQUEST for multiplexed connections).
 */
export class FastCgiExchange implements ScriptOutput, RecordSink {
  /** Whether the connection was lost before the application had sent anything. */
  lost = false
  readonly #socket: Socket
  readonly #errors: ScriptErrors
  readonly #release: (reusable: boolean) => void
  readonly #reader: RecordReader
  readonly #timer: NodeJS.Timeout
  readonly #queue: Uint8Array[] = []
  #queued = 0
  #answered = false
  #failure: unknown
  #state: 'running' | 'complete' | 'failed' = 'running'
  /** Whether all content has been sent, and whether the application is waiting for the client. */
  #fed = false
  #clientIsNext = false
  #wake: (() => void) | undefined

  /**
   * @param timeout milliseconds for which the application may stay silent while we wait for it.
   * @param release is called once, with whether the connection can be reused.
   */
  constructor(socket: Socket, timeout: number, errors: ScriptErrors, release: (reusable: boolean) => void) {
    this.#socket = socket
    this.#errors = errors
    this.#release = release
    this.#reader = new RecordReader(this)
    this.#timer = setTimeout(() => this.#late(), timeout)
  }

  get #running(): boolean {
    return this.#state === 'running'
  }

  /** Sends the content as fast as the application takes it. */
  async feed(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      this.#clientIsNext = true
      for await (const chunk of chunks) {
        this.#clientIsNext = false
        for (const bytes of records(RecordType.Stdin, chunk)) {
          if (!this.#running) return
          if (!this.#socket.write(bytes)) await drained(this.#socket)
        }
        if (!this.#running) return
        this.#timer.refresh()
        this.#clientIsNext = true
      }
      if (!this.#running) return
      this.#socket.write(endOfStream(RecordType.Stdin))
      this.#fed = true
    } catch (error) {
      this.fail(error)
    } finally {
      this.#clientIsNext = false
    }
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    for (;;) {
      if (this.#state === 'failed') throw this.#failure
      const value = this.#queue.shift()
      if (value) {
        this.#queued -= value.length
        if (this.#running && this.#queued < highWater && this.#socket.isPaused()) this.#resume()
        return { done: false, value }
      }
      if (this.#state === 'complete') return { done: true, value: undefined }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.fail(new Error('The output is not wanted any more'))
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Ends the exchange and its connection, unless it is complete. */
  fail(reason: unknown): void {
    if (!this.#running) return
    this.#failure = reason
    this.#end('failed', false)
  }

  /** The connection was closed. */
  close(): void {
    this.lost = this.#running && !this.#answered
    this.fail(new HttpError(502, 'The application closed the connection before its reply was complete'))
  }

  /** Bytes from the application. */
  receive(bytes: Uint8Array): void {
    this.#answered = true
    if (this.#running) this.#timer.refresh()
    try {
      this.#reader.push(bytes)
    } catch (cause) {
      // After the end, only the connection is affected: it cannot be reused.
      if (this.#running) this.fail(badReply((cause as Error).message, cause))
      else this.#socket.destroy()
    }
  }

  onContent(type: number, bytes: Uint8Array): void {
    if (type === RecordType.Stderr) return this.#errors.push(bytes)
    this.#queue.push(bytes)
    this.#queued += bytes.length
    if (this.#queued >= highWater) this.#socket.pause()
    this.#notify()
  }

  onEndRequest(protocolStatus: number): void {
    if (protocolStatus === ProtocolStatus.Complete) return this.#end('complete', this.#fed)
    const busy = protocolStatus !== ProtocolStatus.UnknownRole
    this.fail(new HttpError(busy ? 503 : 502, `The application refused the request with status ${protocolStatus}`))
  }

  #end(state: 'complete' | 'failed', reusable: boolean): void {
    this.#state = state
    clearTimeout(this.#timer)
    this.#release(reusable)
    this.#notify()
  }

  #resume(): void {
    this.#timer.refresh()
    this.#socket.resume()
  }

  #late(): void {
    if (!this.#running) return
    if (this.#clientIsNext || this.#socket.isPaused()) this.#timer.refresh()
    else this.fail(new HttpError(504, 'The application was silent for too long'))
  }

  #notify(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      socket.off('drain', over).off('close', over)
      resolve()
    }
    socket.on('drain', over).on('close', over)
  })
}
