import { type AccessEntry, formatJson, formatText } from './lib/logger/format.ts'
import type { Middleware } from './lib/types.ts'

export type { AccessEntry } from './lib/logger/format.ts'

/** Options of {@link logger}. */
export interface LoggerOptions {
  /** One line of text for people, or of JSON for machines. Default: text. */
  readonly format?: 'text' | 'json'
  /** Takes each line, which ends in a line feed. Default: writes to the standard output. */
  readonly write?: (line: string) => void
  /** Whether text is coloured. Default: when it goes to a terminal and `NO_COLOR` is not set. */
  readonly color?: boolean
}

/**
 * Logs each request once, when the last byte of its reply is gone or it is known that it never will be; an exchange that
 * did not complete is logged as aborted, with who ended it. Control characters are escaped, so a request cannot forge
 * lines or reach the terminal. Put it outermost.
 */
export function logger(options: LoggerOptions = {}): Middleware {
  const write = options.write ?? ((line: string) => void process.stdout.write(line))
  const color = options.color ?? (options.write === undefined && process.stdout.isTTY && !process.env['NO_COLOR'])
  const format = options.format === 'json' ? formatJson : (entry: AccessEntry) => formatText(entry, color)
  return (c, next) => {
    const time = new Date()
    const started = performance.now()
    c.done((outcome) => {
      const { method, target, httpVersion, peer } = c
      const ms = performance.now() - started
      write(`${format({ time, peer: peer.address, method, target, httpVersion, ms, outcome })}\n`)
    })
    return next()
  }
}
