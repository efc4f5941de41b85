// The orderly end of a process.
import { guarded, printError } from '../exchange/guarded.ts'
import { type Rule, type Rules, type Settled, callback, list, readOptions, text } from '../exchange/read-options.ts'
import { closeRules } from '../server/rules.ts'
import type { CloseOptions, Closed } from '../server/server.ts'
import { samePress } from '../server/shutdown.ts'

/** Anything that closes in order: a server, a cluster, or a server together with its database. */
export interface Closable<T = Closed> {
  close(options: CloseOptions): Promise<T>
}

/** Options of {@link closeOnSignals}. */
export interface SignalOptions<T = Closed> extends CloseOptions {
  /** The signals. Default: SIGTERM (service managers, containers) and SIGINT (Ctrl-C). */
  readonly signals?: readonly NodeJS.Signals[]
  /** Called when the first signal has come and shutdown begins. */
  readonly onClosing?: (signal: NodeJS.Signals) => void
  /** Called when every connection has ended, before the process exits. */
  readonly onClosed?: (closed: T) => void | Promise<void>
}

export const signalRules: Rules<Settled<SignalOptions, 'signals' | 'announce' | 'deadline'>> = {
  ...closeRules,
  signals: list(text() as Rule<NodeJS.Signals>, ['SIGTERM', 'SIGINT']),
  onClosing: callback<NonNullable<SignalOptions['onClosing']>>(),
  onClosed: callback<NonNullable<SignalOptions['onClosed']>>(),
}

/**
 * Shuts a server down when the process is told to end, and then exits: with 0 after an orderly shutdown, with 1 at once when a
 * second signal arrives at least half a second later. Works as PID 1 of a container, where the default action of signals is
 * to do nothing.
 */
export function closeOnSignals<T>(server: Closable<T>, options: SignalOptions<T> = {}): void {
  const { signals, onClosing, onClosed, ...how } = readOptions(signalRules, options)
  let first: number | undefined
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    const now = performance.now()
    if (first !== undefined) {
      if (now - first >= samePress) process.exit(1)
      return
    }
    first = now
    // Once told to end, it ends, whatever a callback does.
    if (onClosing) guarded(onClosing, (error) => printError('onClosing', error), signal)
    try {
      const closed = await server.close(how)
      await (onClosed as SignalOptions<T>['onClosed'])?.(closed)
    } catch (error) {
      printError('while closing', error)
      process.exit(1)
    }
    process.exit(0)
  }
  for (const signal of signals) process.on(signal, () => void stop(signal))
}
