// WebSockets, the server's side (RFC 6455).
import { type Context, type Handler, type MaybePromise, type Reply, guarded, printError } from '@spillway/core'
import {
  type Rules,
  type Settled,
  callback,
  choice,
  either,
  flag,
  list,
  optional,
  readOptions,
  text,
  thing,
  whole,
} from '@spillway/core/options'
import { isFieldName } from '@spillway/parser/serialize'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { named } from './lib/layers/layer-trace.ts'
import { after } from './lib/layers/maybe-promise.ts'
import { Connection, type Decode, type WebSocketHandlers } from './lib/websocket/connection.ts'
import { Handshake } from './lib/websocket/handshake.ts'
import { decodeWith } from './lib/websocket/schema.ts'
import { Ticker } from './lib/websocket/ticker.ts'

export type { WebSocketConnection, WebSocketHandlers } from './lib/websocket/connection.ts'

/** Options of {@link websocket}. Bytes and milliseconds. */
export interface WebSocketOptions {
  /** Origins whose pages may connect, in addition to our own; `*` for all. Clients that are not browsers always may. */
  readonly origins?: '*' | readonly string[]
  /** Subprotocols in order of preference; the first one that the client offers is chosen. Default: none. */
  readonly protocols?: readonly string[]
  /** Largest message, after decompression; a larger one closes with 1009. Default: 1 MiB, as bodies have. */
  readonly messageBytes?: number
  /** Bytes that may wait for a client that does not read; sending more cuts it off. Default: 1 MiB. */
  readonly bufferedBytes?: number
  /** How many messages and pings a client may send per second, and at once; more close with 1008. Default: 1000, more than people or games send. */
  readonly messagesPerSecond?: number
  /**
   * Compresses messages of 1 KiB and more, each on its own (RFC 7692). Default: false, as it costs processor time for each of them.
   */
  readonly deflate?: boolean
  /**
   * Messages larger than half of `messageBytes` and larger than 128 KiB that unpack to more than this many times their size close
   * with 1008. Default: 100; deflate can reach a thousand with zeros.
   */
  readonly maxInflation?: number
  /** Time between pings; a client that has not answered by the next one is cut off. Default: 30 000. */
  readonly pingInterval?: number
  /** A client that sends no message for this long is closed with 1000. Default: 0, never. */
  readonly idleTimeout?: number
  /** Is told what handlers throw. Default: prints it with `console.error`. */
  readonly onError?: (error: unknown) => void
}

/** Options of {@link websocket} with a schema for messages. */
export interface SchemaOptions<S extends StandardSchemaV1> extends WebSocketOptions {
  /**
   * What each message must be: a schema of any library that implements Standard Schema, applied to the message parsed as JSON.
   * Binary messages close with 1003, text that is not JSON with 1007, and what the schema refuses with 1008, with the first issue as reason.
   */
  readonly schema: S
}

type Settings = Settled<
  WebSocketOptions & { readonly schema?: StandardSchemaV1 },
  | 'protocols'
  | 'messageBytes'
  | 'bufferedBytes'
  | 'messagesPerSecond'
  | 'deflate'
  | 'maxInflation'
  | 'pingInterval'
  | 'idleTimeout'
>

/** The most that timers can count. */
const positive = { from: 1, to: 2 ** 31 - 1 }
const rules: Rules<Settings> = {
  origins: optional(either(choice(['*'], '*'), list(text()))),
  protocols: list(text()),
  messageBytes: whole(1024 * 1024, positive),
  bufferedBytes: whole(1024 * 1024, positive),
  messagesPerSecond: whole(1000, positive),
  deflate: flag(),
  maxInflation: whole(100, positive),
  pingInterval: whole(30_000, positive),
  idleTimeout: whole(0, { to: positive.to }),
  onError: callback(),
  schema: thing('a schema'),
}

/**
 * A handler that speaks WebSocket (RFC 6455). `accept` is called with the request before it is answered, and gives the handlers
 * of one connection: whatever it has to remember can be in its closure, and what it throws refuses.
 * Refused are also: what does not ask for a WebSocket (426), does so in a wrong way (400), or from a page of another
 * origin (403). When the server begins to shut down, clients are told with 1001.
 * @throws TypeError when `accept` is no function, an origin or a protocol is not one, RangeError for a number out of range.
 */
export function websocket<C extends Context<any, any> = Context>(
  accept: (c: C) => MaybePromise<WebSocketHandlers>,
  options?: WebSocketOptions & { readonly schema?: undefined },
): Handler<C>
export function websocket<S extends StandardSchemaV1, C extends Context<any, any> = Context>(
  accept: (c: C) => MaybePromise<WebSocketHandlers<StandardSchemaV1.InferOutput<S>>>,
  options: SchemaOptions<S>,
): Handler<C>
export function websocket<C extends Context<any, any>>(
  accept: (c: C) => MaybePromise<WebSocketHandlers<any>>,
  options: WebSocketOptions & { readonly schema?: StandardSchemaV1 | undefined } = {},
): Handler<C> {
  if (typeof accept !== 'function')
    throw new TypeError(
      `What accepts a WebSocket is a function that returns its handlers, websocket(() => ({ … })), not ${typeof accept}`,
    )
  const settings = readOptions(rules, withNewNames(options))
  const { origins, protocols, messageBytes, deflate, maxInflation, bufferedBytes, messagesPerSecond } = settings
  const { pingInterval, idleTimeout, schema } = settings
  const { onError = (error: unknown) => console.error('websocket:', error) } = settings
  for (const protocol of protocols)
    if (!isFieldName(protocol)) throw new TypeError(`Not the name of a protocol: ${JSON.stringify(protocol)}`)
  const report = (error: unknown): void => guarded(onError, (failure) => printError('websocket', failure), error)
  const handshake = new Handshake({ origins, protocols, deflate })
  const limits = { bufferedBytes, messagesPerSecond, pingInterval, idleTimeout }
  const ticker = new Ticker(Math.max(10, Math.min(500, pingInterval / 4)))
  const decode: Decode | undefined = schema && decodeWith(schema)
  return named('websocket', (c) => {
    const { headers, protocol, windowBits } = handshake.check(c)
    return after(accept(c), (handlers): Reply => {
      const agreed = { role: 'server', protocol, messageBytes, windowBits, maxInflation } as const
      const connection = new Connection(agreed, limits, ticker, handlers, decode, report)
      const reply = c.upgrade((transport, leftover) => connection.start(transport, leftover), headers)
      c.done(({ kind, status }) => {
        // Another reply was sent instead, or none.
        if (kind === 'aborted' || status !== 101) connection.abandon()
      })
      return reply
    })
  })
}

/** Former names of byte limits, before they all followed one pattern. Programs that use them go on working until 1.0. */
const formerNames = { maxMessage: 'messageBytes', maxBuffered: 'bufferedBytes' } as const

function withNewNames(options: WebSocketOptions): WebSocketOptions {
  const former = Object.entries(formerNames).filter(([name]) => Object.hasOwn(Object(options), name))
  if (former.length === 0) return options
  const renamed: Record<string, unknown> = { ...options }
  for (const [name, now] of former) {
    renamed[now] ??= renamed[name]
    delete renamed[name]
  }
  return renamed
}
