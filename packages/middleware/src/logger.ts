// A line for every request, and one for every connection that fails.
import { channel } from 'node:diagnostics_channel'
import { type Context, type Server, guarded, printError } from '@spillway/core'
import {
  type Read,
  type Rules,
  type Settled,
  callback,
  choice,
  flag,
  list,
  optional,
  readOptions,
  text,
  thing,
} from '@spillway/core/options'
import { watchAsked } from './lib/http/asked-servers.ts'
import { clientOf } from './lib/http/known-client.ts'
import { watchFailures } from './lib/logger/failures.ts'
import {
  type AccessEntry,
  type ConnectionEntry,
  type LineFormat,
  accessMessage,
  accessRecord,
  commonFormat,
  failureRecord,
  jsonFormat,
  textFormat,
} from './lib/logger/format.ts'
import { toStandardOutput } from './lib/logger/output.ts'
import { originOf } from './lib/layers/context-view.ts'
import { named } from './lib/layers/layer-trace.ts'
import type { Middleware } from './lib/layers/types.ts'

/** Takes log entries as objects: pino, and loggers with the same interface. */
export interface LogSink {
  info(record: object, message: string): void
}

/** Options of {@link logger} and {@link logFailures}. */
export interface LoggerOptions {
  /**
   * Lines of text for people, the Common Log Format or the combined one for tools that read those of Apache and nginx, or
   * JSON. Default: text.
   */
  readonly format?: 'text' | 'common' | 'combined' | 'json'
  /**
   * Takes each line, which ends in a line feed. Default: writes to standard output. Up to 1 MiB may wait for its reader; lines
   * beyond that, or after the reader has gone, are dropped and counted on standard error.
   */
  readonly write?: (line: string) => void
  /** Whether text is coloured. Default: if it goes to a terminal and `NO_COLOR` is not set. */
  readonly color?: boolean
  /** Takes the members of a JSON line as an object, with a message, instead of lines. */
  readonly sink?: LogSink
  /** Query parameters whose values are left out, in the target and in `Referer`: `token`, for example. Default: none. */
  readonly redact?: readonly string[]
}

const rules: Rules<Settled<LoggerOptions, 'redact'>> = {
  format: optional(choice(['text', 'common', 'combined', 'json'], 'text')),
  write: callback(),
  color: optional(flag()),
  sink: thing('an object with `info`'),
  redact: list(text('', /^[!-~]+$/)),
}

type KnownOptions = Read<typeof rules>

/** A line about an exchange. Published on `spillway.log`, wherever the line itself goes. */
export interface LoggedLine {
  readonly context: Context<any, any>
  /** Without its end; of a sink the message alone. */
  readonly line: string
}

const lines = channel('spillway.log')

/**
 * Logs each request once, when the last byte of its reply has been sent or it is certain that it never will be; an exchange that
 * did not complete is logged as aborted, with who ended it. Bytes are those sent, including the head. Control characters,
 * and quotes in quoted fields, are escaped, so a request cannot forge lines or reach the terminal. The client is that of
 * `clientOf`. Put it outermost.
 * @throws TypeError for an unknown format, or for a sink together with options for lines.
 */
export function logger(options: LoggerOptions = {}): Middleware {
  const log = logOf(options)
  const shown = redacting(options.redact ?? [])
  return named('logger', (c, next) => {
    const time = new Date()
    const started = performance.now()
    const servers = log.tellsServers ? watchAsked(c) : undefined
    c.done((outcome) => {
      const ms = performance.now() - started
      // `write` may be asynchronous: what it fails with is the matter of `done`.
      const entry = { time, ms, outcome, servers, ...factsOf(c, shown) }
      if (lines.hasSubscribers) lines.publish({ context: originOf(c), line: log.line(entry) } satisfies LoggedLine)
      return log.access(entry)
    })
    return next()
  })
}

/**
 * Logs what goes wrong on the connections of a server before a handler sees it: requests that cannot be parsed or do
 * not come in time, connections refused because the server is full, failed handshakes of TLS and the PROXY protocol.
 * Call the result to stop.
 */
export function logFailures(server: Server, options: LoggerOptions = {}): () => void {
  const log = logOf(options)
  // A channel subscriber that throws would end the process.
  return watchFailures(server, (entry) => guarded(() => log.failure(entry), printFailure))
}

interface Log {
  /** Whether an entry includes the upstream servers that were asked. */
  readonly tellsServers: boolean
  /** What is said of an exchange, without an end of line. */
  line(entry: AccessEntry): string
  access(entry: AccessEntry): unknown
  failure(entry: ConnectionEntry): unknown
}

function logOf(given: LoggerOptions): Log {
  const options = readOptions(rules, given)
  const { sink } = options
  if (!sink) return lineLog(options)
  if (options.format !== undefined || options.write || options.color !== undefined)
    throw new TypeError('A sink takes objects: format, write and color are for lines')
  return {
    tellsServers: true,
    line: accessMessage,
    access: (entry) => sink.info(accessRecord(entry), accessMessage(entry)),
    failure: (entry) => sink.info(failureRecord(entry), `connection failed: ${entry.reason}`),
  }
}

function lineLog(options: KnownOptions): Log {
  const { write = toStandardOutput } = options
  const format = formatOf(options)
  return {
    tellsServers: format === jsonFormat,
    line: (entry) => format.access(entry),
    access: (entry) => write(`${format.access(entry)}\n`),
    failure: (entry) => write(`${format.failure(entry)}\n`),
  }
}

function formatOf({ format = 'text', write, color }: KnownOptions): LineFormat {
  switch (format) {
    case 'text':
      return textFormat(color ?? (write === undefined && process.stdout.isTTY && !process.env['NO_COLOR']))
    case 'common':
    case 'combined':
      return commonFormat(format === 'combined')
    default:
      return jsonFormat
  }
}

/** Replaces the values of these query parameters. */
function redacting(names: readonly string[]): (text: string) => string {
  if (names.length === 0) return (shown) => shown
  const hidden = new Set(names.map((name) => name.toLowerCase()))
  return (shown) =>
    shown.replaceAll(/([?&;])([^=&;#?]*)=[^&;#]+/g, (field, mark: string, name: string) =>
      hidden.has(decoded(name).toLowerCase()) ? `${mark}${name}=...` : field,
    )
}

/** The name of a query parameter, however it was encoded. */
function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

function factsOf(
  c: Context<any, any>,
  shown: (text: string) => string,
): Omit<AccessEntry, 'time' | 'ms' | 'outcome' | 'servers'> {
  const { method, target, httpVersion, peer, headers, state } = c
  const client = clientOf(c).address
  const { requestId: id, trace } = state as { requestId?: string; trace?: { readonly traceId?: string } }
  return {
    client,
    peer: client === peer.address ? undefined : peer.address,
    host: headers.get('host') ?? undefined,
    method,
    target: shown(target),
    httpVersion,
    id,
    traceId: trace?.traceId,
    referer: shown(headers.get('referer') ?? '') || undefined,
    userAgent: headers.get('user-agent') ?? undefined,
  }
}

function printFailure(error: unknown): void {
  printError('logFailures', error)
}
