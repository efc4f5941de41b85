// Events that wait to be sent to one client.
import { type Holds, AbortedError, guardSignal, ignore, printError } from '@spillway/core'

interface Waiting {
  readonly text: string
  readonly size: number
  readonly taken: () => void
  readonly refused: (error: unknown) => void
}

/** Limits for a stream of events while it waits. */
export interface QueueLimits {
  /** Milliseconds of silence before a comment is sent. */
  readonly pingInterval: number
  /** Bytes that may pile up for a client before it is cut off: it reconnects, and says which event it saw last. */
  readonly bufferedBytes: number
}

/** Text on its way to one client: pushed on one side, pulled by core at the client's pace on the other. */
export class EventQueue implements AsyncIterableIterator<string>, Holds {
  #start: (() => void) | undefined
  readonly #limits: QueueLimits
  /** Made when its signal is asked for: it takes as much memory as half of the rest. */
  #controller: AbortController | undefined
  /** Why nothing more can be sent. */
  #closedBy: { readonly reason: unknown } | undefined
  #closing: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined
  #ended = false
  #queue: Waiting[] = []
  #size = 0
  #pulled: { resolve: (result: IteratorResult<string>) => void; reject: (error: unknown) => void } | undefined
  #failure: { readonly error: unknown } | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param start is called when the reply has begun and content is wanted; never for a HEAD request. */
  constructor(start: () => void, limits: QueueLimits) {
    this.#start = start
    this.#limits = limits
  }

  /** Aborts when nothing more can be sent: the client is gone, or the server shuts down. */
  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal
    this.#controller = new AbortController()
    const { signal } = this.#controller
    guardSignal(signal, (error) => printError('a listener on the signal of an event stream', error))
    if (this.#closedBy) this.#controller.abort(this.#closedBy.reason)
    return signal
  }

  /** Whether `signal` has aborted, or would have. */
  get isClosed(): boolean {
    return this.#closedBy !== undefined
  }

  /** Resolves when `signal` aborts. */
  get closed(): Promise<void> {
    if (!this.#closing) {
      let resolve!: () => void
      const promise = new Promise<void>((done) => (resolve = done))
      this.#closing = { promise, resolve }
      if (this.isClosed) resolve()
    }
    return this.#closing.promise
  }

  /** Resolves when the text was taken; rejects when it never will be. */
  push(text: string): Promise<void> {
    const sent = new Promise<void>((taken, refused) => {
      if (this.#ended) return refused(this.#reason())
      const size = Buffer.byteLength(text)
      this.#queue.push({ text, size, taken, refused })
      this.#size += size
      // Something that is being waited for is not a pile, and neither is what will be taken next, however large it is.
      this.#deliver()
      if (this.#size - (this.#queue[0]?.size ?? 0) > this.#limits.bufferedBytes)
        this.fail(new AbortedError('timeout', 'The client does not keep up with its events'))
    })
    // A sender that does not wait could not do anything about a failure either.
    sent.catch(ignore)
    return sent
  }

  /** Bytes that are waiting, for the server's accounting of memory. */
  held(): number {
    return this.#size
  }

  /** What was pushed is still sent, and then the stream ends normally. */
  end(): void {
    this.#ended = true
    this.#deliver()
  }

  /** Like `end`, and tells the sender that nothing more can be sent. */
  close(reason: AbortedError): void {
    if (this.#ended) return
    this.end()
    this.#abort(reason)
  }

  /** Nothing more is sent, and the client sees that the stream was cut. */
  fail(error: unknown): void {
    if (this.#failure) return
    this.#failure = { error }
    this.#discard(error)
    this.#pulled?.reject(error)
    this.#pulled = undefined
  }

  next(): Promise<IteratorResult<string>> {
    const start = this.#start
    if (start) {
      this.#start = undefined
      start()
      // Nobody has to wait for the first event, because the head alone tells the client that it is connected.
      return Promise.resolve({ done: false, value: '' })
    }
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure.error)
      this.#pulled = { resolve, reject }
      this.#deliver()
      if (this.#pulled) this.#await()
    })
  }

  /** Called by core when the client takes no more. */
  return(): Promise<IteratorResult<string>> {
    this.#discard(new AbortedError('peer', 'The client is gone'))
    this.#pulled?.resolve({ done: true, value: undefined })
    this.#pulled = undefined
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Gives waiting text to whoever asked for it; what was pushed in one turn leaves together. */
  #deliver(): void {
    const pulled = this.#pulled
    if (!pulled || (this.#queue.length === 0 && !this.#ended)) return
    this.#pulled = undefined
    const queue = this.#queue
    const [first] = queue
    if (!first) {
      clearTimeout(this.#timer)
      return pulled.resolve({ done: true, value: undefined })
    }
    this.#queue = []
    this.#size = 0
    pulled.resolve({ done: false, value: queue.length === 1 ? first.text : queue.map(({ text }) => text).join('') })
    for (const { taken } of queue) taken()
  }

  /** Sends a comment if nothing else comes. One timer serves all events: to make one for each takes longer than to send it. */
  #await(): void {
    const { pingInterval } = this.#limits
    if (this.#timer) this.#timer.refresh()
    else if (pingInterval < 2 ** 31) this.#timer = setTimeout(sendComment, pingInterval, this).unref()
  }

  /** For its client to see that the server is still there. While something is being taken, the stream is not silent. */
  comment(): void {
    if (this.#pulled) void this.push(':\n\n')
  }

  #discard(reason: unknown): void {
    this.#ended = true
    clearTimeout(this.#timer)
    this.#size = 0
    for (const { refused } of this.#queue.splice(0)) refused(reason)
    this.#abort(reason)
  }

  #abort(reason: unknown): void {
    if (this.#closedBy) return
    this.#closedBy = { reason }
    this.#controller?.abort(reason)
    this.#closing?.resolve()
  }

  #reason(): unknown {
    return this.#closedBy ? this.#closedBy.reason : new AbortedError('handler', 'The event stream has ended')
  }
}

function sendComment(queue: EventQueue): void {
  queue.comment()
}
