// Work that has to end in time.
import { AbortedError, type Context, type Reply, dropSource, guarded, printError, isThenable } from '@spillway/core'
import { type Rules, type Settled, callback, choice, readOptions } from '@spillway/core/options'
import type { Middleware } from './lib/layers/types.ts'
import { problem } from './problem.ts'

/** Options of {@link timeout}. */
export interface TimeoutOptions {
  /** 503 when the work is done here, 504 when it is waited for elsewhere. Default: 503. */
  readonly status?: 503 | 504
  /** Hears what late work fails with, if it is not the abort. Default: the process's error output. */
  readonly onError?: (error: unknown, c: Context<any, any>) => void
}

const rules: Rules<Settled<TimeoutOptions, 'status'>> = { status: choice([503, 504], 503), onError: callback() }

/**
 * Gives what stands behind it a time to reply in. When it is over, the work is stopped, and not only the waiting: `c.signal`
 * aborts with an `AbortedError` by `timeout`, content that is still read fails, the client gets 503 with the code `TIMEOUT`,
 * and a reply that comes too late is dropped and its stream cancelled. Work that does not mind the signal goes on unseen.
 * A reply that has begun is the matter of core's deadlines.
 * @param ms milliseconds. @throws RangeError when they are not above 0 or too many for a timer, TypeError when they are no number.
 */
export function timeout(ms: number, options: TimeoutOptions = {}): Middleware {
  if (typeof ms !== 'number') throw new TypeError(`Not a time in milliseconds: ${String(ms)}`)
  if (!(ms > 0 && ms < 2 ** 31)) throw new RangeError(`Not a time in milliseconds: ${ms}`)
  const { status, onError = printLate } = readOptions(rules, options)
  return (c, next) => {
    const work = next()
    return isThenable(work) ? limited(c, work, ms, status, onError) : work
  }
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

/** Whether an error is the abort, or what became of it in a library. */
function isAbort(error: unknown, reason: AbortedError): boolean {
  try {
    const { name, cause } = (error ?? {}) as Partial<Error>
    return error === reason || name === 'AbortError' || cause === reason
  } catch {
    // Its fields may be accessors, and reading them may throw.
    return false
  }
}

function printLate(error: unknown, c: Context<any, any>): void {
  printError(`${c.method} ${c.target}, after its timeout`, error)
}
