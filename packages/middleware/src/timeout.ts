// Work that has to finish in time.
import { AbortedError, type Context, type Reply, dropSource, guarded, printError, isThenable } from '@spillway/core'
import { type Rules, type Settled, callback, choice, readOptions } from '@spillway/core/options'
import { named } from './lib/layers/layer-trace.ts'
import type { Middleware } from './lib/layers/types.ts'
import { problem } from './problem.ts'

/** Options of {@link timeout}. */
export interface TimeoutOptions {
  /** 503 when the work is done here, 504 when this server waits for another one. Default: 503. */
  readonly status?: 503 | 504
  /** Is told what late work fails with, if that is not the abort itself. Default: a line on standard error. */
  readonly onError?: (error: unknown, c: Context<any, any>) => void
}

const rules: Rules<Settled<TimeoutOptions, 'status'>> = { status: choice([503, 504], 503), onError: callback() }

// decision 021
/**
 * Gives everything behind it a time to reply in. When it is over, the work itself is stopped, not only the waiting for it: `c.signal`
 * aborts with an `AbortedError` by `timeout`, content that is still being read fails, the client gets 503 with the code `TIMEOUT`,
 * and a reply that comes too late is dropped and its stream cancelled. Work that ignores the signal goes on unnoticed.
 * A reply that has begun is subject to core's deadlines instead.
 * @param ms milliseconds. @throws RangeError when they are not above 0 or too many for a timer, TypeError when they are not a number.
 */
export function timeout(ms: number, options: TimeoutOptions = {}): Middleware {
  if (typeof ms !== 'number') throw new TypeError(`Not a time in milliseconds: ${String(ms)}`)
  if (!(ms > 0 && ms < 2 ** 31)) throw new RangeError(`Not a time in milliseconds: ${ms}`)
  const { status, onError = printLate } = readOptions(rules, options)
  return named('timeout', (c, next) => {
    const work = next()
    return isThenable(work) ? limited(c, work, ms, status, onError) : work
  })
}

function limited(
  c: Context<any, any>,
  work: Promise<Reply>,
  ms: number,
  status: number,
  onError: (error: unknown, c: Context<any, any>) => void,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    let reason: AbortedError | undefined
    const timer = setTimeout(() => {
      reason = new AbortedError('timeout', `No reply within ${ms} ms`)
      c.abort(reason)
      resolve(problem(status, { detail: 'The request took too long', code: 'TIMEOUT' }))
    }, ms)
    // There is no reply to wait for when the client has gone.
    c.done(() => clearTimeout(timer))
    work.then(
      (reply) => {
        clearTimeout(timer)
        if (reason) dropSource(reply.body, reason)
        else resolve(reply)
      },
      (error: unknown) => {
        clearTimeout(timer)
        if (!reason) reject(error)
        else if (!isAbort(error, reason)) guarded(onError, (second) => printLate(second, c), error, c)
      },
    )
  })
}

/** Whether an error is the abort, or what a library has turned it into. */
function isAbort(error: unknown, reason: AbortedError): boolean {
  try {
    const { name, cause } = (error ?? {}) as Partial<Error>
    return error === reason || name === 'AbortError' || cause === reason
  } catch {
    // The error's properties may be getters that throw.
    return false
  }
}

function printLate(error: unknown, c: Context<any, any>): void {
  printError(`${c.method} ${c.target}, after its timeout`, error)
}
