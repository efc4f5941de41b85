// The lines of a log, in each format.
import type { Outcome } from '@spillway/core'
import type { AskedServer } from '../http/asked-servers.ts'

/** What is known about an exchange when it is over. */
export interface AccessEntry {
  /** When the request reached the log. */
  readonly time: Date
  /** The client's address according to `clientOf`; empty when it is not known. */
  readonly client: string
  /** The other end of the connection, when that is a proxy. */
  readonly peer?: string | undefined
  /** The host that the client asked for. */
  readonly host?: string | undefined
  readonly method: string
  readonly target: string
  readonly httpVersion: string
  /** The servers that a proxy asked, in order. */
  readonly servers?: readonly AskedServer[] | undefined
  /** From the request to the last byte of the reply. */
  readonly ms: number
  readonly outcome: Outcome
  /** `c.state.requestId`, set by `requestId`. */
  readonly id?: string | undefined
  /** The id of the trace, set by `trace`. */
  readonly traceId?: string | undefined
  readonly referer?: string | undefined
  readonly userAgent?: string | undefined
}

/** What went wrong on a connection without a request that a handler could see. */
export interface ConnectionEntry {
  readonly time: Date
  /** The other end of the connection. */
  readonly client: string
  /** Why it failed: a parse error's code (`HOST_REPEATED`), or why the connection was closed (`overload`). */
  readonly reason: string
  /** The status that was sent; 0 when none was. */
  readonly status: number
}

/** A log format: lines for exchanges, and for failures of connections. */
export interface LineFormat {
  access(entry: AccessEntry): string
  failure(entry: ConnectionEntry): string
}

/** Includes characters that terminals (C1) and line readers (U+2028) act upon, in addition to the ASCII control characters. */
// eslint-disable-next-line no-control-regex
const unsafe = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g
// eslint-disable-next-line no-control-regex
const unsafeQuoted = /["\\\x00-\x1f\x7f-\uffff]/g

const [red, green, yellow, cyan] = [31, 32, 33, 36]

/** `2026-01-31T09:30:00.000Z 127.0.0.1 GET /users/7 200 345 B 1.2 ms` */
export function textFormat(color: boolean): LineFormat {
  return {
    access({ time, client, method, target, outcome, ms }) {
      const status = paint(statusText(outcome.status), outcome.kind === 'aborted', outcome.status, color)
      const fields = [time.toISOString(), client || '-', method, target.replace(unsafe, escape), status]
      if (outcome.kind === 'aborted') fields.push(`aborted by ${outcome.by}`)
      fields.push(`${outcome.bytes} B`, `${ms.toFixed(1)} ms`)
      return fields.join(' ')
    },
    failure({ time, client, reason, status }) {
      return [time.toISOString(), client || '-', reason, paint(statusText(status), true, status, color)].join(' ')
    },
  }
}

/**
 * The Common Log Format, or with `combined` the one that adds Referer and User-Agent. The format has no place for an exchange that
 * did not complete, so its status is 499, as in nginx's logs.
 */
export function commonFormat(combined: boolean): LineFormat {
  return {
    access(entry) {
      const { method, target, httpVersion, outcome, referer, userAgent } = entry
      const status = outcome.kind === 'aborted' ? 499 : outcome.status
      const told = clfLine(
        entry,
        quotable(`${method} ${target} HTTP/${httpVersion}`),
        `${status} ${outcome.bytes || '-'}`,
      )
      return combined ? `${told} "${quotable(referer ?? '-')}" "${quotable(userAgent ?? '-')}"` : told
    },
    failure(entry) {
      return clfLine(entry, '-', `${statusText(entry.status)} -${combined ? ' "-" "-"' : ''}`)
    },
  }
}

export const jsonFormat: LineFormat = {
  access: (entry) => jsonText({ time: entry.time, ...accessRecord(entry) }),
  failure: (entry) => jsonText({ time: entry.time, ...failureRecord(entry) }),
}

/** The members of a JSON line, except the time. */
export function accessRecord(entry: AccessEntry): Record<string, unknown> {
  const { client, peer, host, method, target, httpVersion, outcome, id, traceId, referer, userAgent } = entry
  return {
    client,
    peer,
    id,
    traceId,
    host,
    method,
    target,
    httpVersion,
    status: outcome.status || null,
    bytes: outcome.bytes,
    ms: rounded(entry.ms),
    ...(entry.servers?.length && { servers: entry.servers.map((one) => ({ ...one, ms: rounded(one.ms) })) }),
    outcome: outcome.kind,
    ...(outcome.kind === 'aborted' && { by: outcome.by }),
    referer,
    userAgent,
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

export function failureRecord({ client, reason, status }: ConnectionEntry): Record<string, unknown> {
  return { client, status: status || null, outcome: 'failed', reason }
}

/** The message that goes with the record to an object logger. */
export function accessMessage({ method, target, outcome }: AccessEntry): string {
  const aborted = outcome.kind === 'aborted' ? ` aborted by ${outcome.by}` : ''
  return `${method} ${target.replace(unsafe, escape)} ${statusText(outcome.status)}${aborted}`
}

function jsonText(record: Record<string, unknown>): string {
  return JSON.stringify(record).replace(unsafe, escape)
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Escapes what would end a quoted field or is not ASCII, in the way nginx and Apache do. */
function quotable(text: string): string {
  return text.replace(unsafeQuoted, (character) => {
    const code = character.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0').toUpperCase()}` : escape(character)
  })
}

function statusText(status: number): string {
  return status === 0 ? '-' : String(status)
}

function clfLine({ client, time }: Pick<AccessEntry, 'client' | 'time'>, request: string, rest: string): string {
  return `${client || '-'} - - [${clfTime(time)}] "${request}" ${rest}`
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `31/Jan/2026:09:30:00 +0000` */
function clfTime(time: Date): string {
  const [date = '', clock = ''] = time.toISOString().split('T')
  const [year, month, day] = date.split('-')
  return `${day}/${months[Number(month) - 1]}/${year}:${clock.slice(0, 8)} +0000`
}

function paint(text: string, failed: boolean, status: number, color: boolean): string {
  if (!color) return text
  return `\x1b[${failed || status >= 500 ? red : status >= 400 ? yellow : status >= 300 ? cyan : green}m${text}\x1b[39m`
}
