import type { Outcome } from '@spillway/core'

/** What is known of an exchange when it is over. */
export interface AccessEntry {
  /** When the request reached the log. */
  readonly time: Date
  readonly peer: string
  readonly method: string
  readonly target: string
  readonly httpVersion: string
  /** From the request to the last byte of the reply. */
  readonly ms: number
  readonly outcome: Outcome
}

/** Also what terminals (C1) and line readers (U+2028) act upon beside the ASCII control characters. */
// eslint-disable-next-line no-control-regex
const unsafe = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g

const [red, green, yellow, cyan] = [31, 32, 33, 36]

/** `2026-01-31T09:30:00.000Z 127.0.0.1 GET /users/7 200 345 B 1.2 ms` */
export function formatText(entry: AccessEntry, color: boolean): string {
  const { time, peer, method, target, outcome, ms } = entry
  const status = outcome.status === 0 ? '-' : String(outcome.status)
  const fields = [time.toISOString(), peer, method, target.replace(unsafe, escape), paint(status, outcome, color)]
  if (outcome.kind === 'aborted') fields.push(`aborted by ${outcome.by}`)
  fields.push(`${outcome.bytes} B`, `${ms.toFixed(1)} ms`)
  return fields.join(' ')
}

export function formatJson(entry: AccessEntry): string {
  const { time, peer, method, target, httpVersion, outcome } = entry
  const status = outcome.status === 0 ? null : outcome.status
  const ms = Math.round(entry.ms * 1000) / 1000
  const record = { time, peer, method, target, httpVersion, status, bytes: outcome.bytes, ms, outcome: outcome.kind }
  const text = JSON.stringify(outcome.kind === 'aborted' ? { ...record, by: outcome.by } : record)
  return text.replace(unsafe, escape)
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function paint(text: string, { kind, status }: Outcome, color: boolean): string {
  if (!color) return text
  const failed = kind === 'aborted' || status >= 500
  return `\x1b[${failed ? red : status >= 400 ? yellow : status >= 300 ? cyan : green}m${text}\x1b[39m`
}
