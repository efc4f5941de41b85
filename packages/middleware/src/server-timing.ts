// Where the time of a request went, for the developer tools of browsers.
import type { Context, MaybePromise } from '@spillway/core'
import { type Rules, callback, readOptions } from '@spillway/core/options'
import { quote } from '@spillway/parser/fields'
import { isFieldName } from '@spillway/parser/serialize'
import { named } from './lib/layers/layer-trace.ts'
import { atOnce } from './lib/layers/at-once.ts'
import { whenSettled } from './lib/layers/maybe-promise.ts'
import { withFields } from './lib/layers/reply-fields.ts'
import type { Middleware } from './lib/layers/types.ts'

/**
 * Tells the client's developer tools what a reply spent its time on. Names are tokens; all throw a TypeError otherwise, and a
 * RangeError for a time that is not finite, or below 0.
 */
export interface Timing {
  /** Adds an entry, with its time in milliseconds, a description, or both. */
  add(name: string, ms?: number, description?: string): void
  /** Measures from now on until the result is called. */
  start(name: string, description?: string): () => void
  /** Measures a piece of work, whether it succeeds or not, and returns what it returns. */
  measure<T>(name: string, work: () => MaybePromise<T>): MaybePromise<T>
}

/** Options of {@link serverTiming}. */
export interface ServerTimingOptions {
  /** Who may see it; called when the reply has been made. Timings reveal something about the inside. Default: everybody. */
  readonly show?: (c: Context<any, any>) => boolean
}

const rules: Rules<ServerTimingOptions> = { show: callback() }

/**
 * Sends Server-Timing (W3C): what was measured with `c.state.timing`, and `total`, the time until the reply was made. What is
 * measured while the content is streamed comes too late to be sent.
 */
export function serverTiming(options: ServerTimingOptions = {}): Middleware<{ timing: Timing }> {
  const { show = () => true } = readOptions(rules, options)
  return named('serverTiming', (c, next) => {
    const started = performance.now()
    const timing = new Entries()
    c.state.timing = timing
    return withFields(c, next, (headers) => {
      if (!atOnce(show(c), '`show`')) return
      timing.add('total', performance.now() - started)
      headers.append('Server-Timing', timing.list.join(', '))
    })
  })
}

class Entries implements Timing {
  readonly list: string[] = []

  add(name: string, ms?: number, description?: string): void {
    if (!isFieldName(name)) throw new TypeError(`Not a name for a time: ${JSON.stringify(name)}`)
    if (ms !== undefined && !(ms >= 0 && ms < Infinity)) throw new RangeError(`Not a time in milliseconds: ${ms}`)
    const about = description === undefined ? '' : `;desc=${quote(description)}`
    this.list.push(`${name}${about}${ms === undefined ? '' : `;dur=${Math.round(ms * 1000) / 1000}`}`)
  }

  start(name: string, description?: string): () => void {
    const started = performance.now()
    return () => this.add(name, performance.now() - started, description)
  }

  measure<T>(name: string, work: () => MaybePromise<T>): MaybePromise<T> {
    const stop = this.start(name)
    return whenSettled(
      work,
      (result) => {
        stop()
        return result
      },
      (error) => {
        stop()
        throw error
      },
    )
  }
}
