// Events that are sent to a page as they happen (HTML §9.2).
import { AbortedError, type Context, type Reply, type ReplyInit, isInstance } from '@spillway/core'
import { type Rules, type Settled, amount, optional, readOptions, whole } from '@spillway/core/options'
import { EventQueue } from './lib/sse/event-queue.ts'
import { type EventFrame, encodeEvent } from './lib/sse/frame.ts'

/** One of the events that a stream may carry: `Events` maps event names to the type of their data. */
export type ServerEvent<Events extends object = Record<string, unknown>> = {
  [Name in keyof Events & string]: Omit<EventFrame, 'event' | 'data'> & {
    readonly data: Events[Name]
  } & (Name extends 'message'
      ? { readonly event?: Name }
      : string extends Name
        ? { readonly event?: Name }
        : { readonly event: Name })
}[keyof Events & string]

/** The sending end of a stream of events. */
export interface EventStream<Events extends object = Record<string, unknown>> {
  /** The id of the last event the client saw before it was disconnected; send what came after it. */
  readonly lastEventId: string | undefined
  /** Aborts when nothing more can be sent: the client is gone, or the server shuts down. */
  readonly signal: AbortSignal
  /** Resolves when `signal` aborts: a function whose events come from elsewhere waits for this. */
  readonly closed: Promise<void>
  /**
   * Sends an event. Resolves when the client's connection takes it, so that awaiting it gives back-pressure; a client that
   * lets more than `bufferedBytes` pile up behind an event is cut off.
   * Rejects with an AbortedError when nothing more can be sent; an unhandled rejection does no harm.
   * @throws TypeError when name or id contain line breaks, or data has no JSON form.
   */
  send(event: ServerEvent<Events>): Promise<void>
}

/** Where events come from: a function that sends them until it returns, or an iterable that is read at the client's pace. */
export type EventSource<Events extends object = Record<string, unknown>> =
  | ((stream: EventStream<Events>) => Promise<void> | void)
  | AsyncIterable<ServerEvent<Events>>

/** Options of {@link sse}. */
export interface SseOptions {
  /**
   * Milliseconds of silence after which a comment is sent, so that proxies do not give up; Infinity for never. Default: 15 000,
   * well below the 60 s of most proxies.
   */
  readonly pingInterval?: number
  /** Bytes of events that may wait behind the one being taken, when their sender does not wait. Default: 1 MiB. */
  readonly bufferedBytes?: number
  /** Milliseconds after which a client reconnects when its connection has ended. Default: the browser's own, some seconds. */
  readonly retry?: number
}

const rules: Rules<Settled<SseOptions, 'pingInterval' | 'bufferedBytes'>> = {
  pingInterval: amount(15_000, { from: 1 }),
  bufferedBytes: whole(1024 * 1024),
  retry: optional(whole(0, { to: Number.MAX_SAFE_INTEGER })),
}
const defaults = readOptions(rules, undefined)

/**
 * A reply of server-sent events (HTML §9.2). Text is sent as it is, other data as JSON. A comment is sent after a while of
 * silence. The stream ends when the source does, when the client leaves, and when the server begins to shut down: the
 * client then reconnects by itself, to the next server.
 * @typeParam Events names of events and the type of their data. Default: any.
 * @throws RangeError for numbers out of range.
 */
export function sse<Events extends object = Record<string, unknown>>(
  c: Context<any, any>,
  source: EventSource<NoInfer<Events>>,
  init?: ReplyInit,
  options?: SseOptions,
): Reply {
  const settings = options === undefined ? defaults : readOptions(rules, options)
  const queue = new EventQueue(() => void run(c, source, queue, settings.retry), settings)
  const reply = c.stream(queue, init)
  const fields = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store', 'X-Accel-Buffering': 'no' }
  for (const [name, value] of Object.entries(fields)) if (!reply.headers.has(name)) reply.headers.set(name, value)
  return reply
}

/** Sends what a source has, until it ends or nobody is there any more. */
async function run<Events extends object>(
  c: Context<any, any>,
  source: EventSource<Events>,
  queue: EventQueue,
  retry: number | undefined,
): Promise<void> {
  c.onShutdown(() => queue.close(new AbortedError('shutdown', 'The server is shutting down')))
  // A client that has ended its sending side could still read, but no reader of events does that.
  c.onAbort((reason) => queue.close(reason))
  try {
    if (queue.isClosed) return
    if (retry !== undefined) void queue.push(`retry: ${retry}\n\n`)
    const stream = new Stream<Events>(queue, lastEventId(c))
    if (typeof source === 'function') await source(stream)
    else await forward(source, stream)
    queue.end()
  } catch (error) {
    // After the end nobody is left to be told, and the stream's own abort is not a failure of the source.
    if (isInstance(error, AbortedError)) queue.end()
    else queue.fail(error)
  }
}

/** The sending end of a queue. A class, because an object with accessors of its own takes six times as much memory. */
class Stream<Events extends object> implements EventStream<Events> {
  readonly lastEventId: string | undefined
  readonly #queue: EventQueue

  constructor(queue: EventQueue, id: string | undefined) {
    this.#queue = queue
    this.lastEventId = id
  }

  get signal(): AbortSignal {
    return this.#queue.signal
  }

  get closed(): Promise<void> {
    return this.#queue.closed
  }

  /** Can be handed over alone: `emitter.on('event', stream.send)`. */
  readonly send = (event: ServerEvent<Events>): Promise<void> => this.#queue.push(encodeEvent(event))
}

/** Reads an iterable until it or the stream ends. */
async function forward<Events extends object>(
  source: AsyncIterable<ServerEvent<Events>>,
  stream: EventStream<Events>,
): Promise<void> {
  const iterator = source[Symbol.asyncIterator]()
  const { signal } = stream
  // A generator that is waiting for something returns only when that has come; nobody waits for it here.
  signal.addEventListener('abort', () => void giveBack(iterator), { once: true })
  for (;;) {
    const { done, value } = await iterator.next()
    if (done || signal.aborted) return
    await stream.send(value)
  }
}

/** Clients send the id in UTF-8 (HTML §9.2.3), while fields are read as latin1. */
function lastEventId(c: Context<any, any>): string | undefined {
  const id = c.headers.get('last-event-id')
  return id === null ? undefined : Buffer.from(id, 'latin1').toString()
}

/** Ends an iterator that is not read any further. There is nobody to report a failure to. */
async function giveBack(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.()
  } catch {
    // nobody to report it to
  }
}
