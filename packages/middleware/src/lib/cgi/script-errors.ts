// What scripts write to their standard error, line by line.
import { type Context, guarded, printError } from '@spillway/core'

/** Takes what scripts write to their standard error: text with control characters escaped, line breaks kept. */
export type ErrorSink = (text: string, c: Context<any, any>) => void

/** Most bytes that one script can put into a log. */
const maxBytes = 64 * 1024

/** Includes characters that terminals (C1) and line readers (U+2028) act upon; line feeds and tabs are kept. */
// eslint-disable-next-line no-control-regex
const unsafe = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/g

/** The standard error of one script, on its way to the sink: a request must not be able to forge other log entries. */
export class ScriptErrors {
  readonly #sink: ErrorSink
  readonly #c: Context<any, any>
  readonly #decoder = new TextDecoder()
  #left = maxBytes

  constructor(c: Context<any, any>, sink: ErrorSink = standardError) {
    this.#c = c
    this.#sink = sink
  }

  push(bytes: Uint8Array): void {
    if (this.#left <= 0) return
    const text = this.#decoder.decode(bytes.subarray(0, this.#left), { stream: true })
    this.#left -= bytes.length
    const safe = text.replace(unsafe, escaped) + (this.#left <= 0 ? '\n[the rest is left out]\n' : '')
    guarded(this.#sink, (error) => printError('onStderr', error), safe, this.#c)
  }
}

function standardError(text: string): void {
  process.stderr.write(text)
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
