import type { CloseOptions, Closed, Server } from './server.ts'

/** Options of {@link closeOnSignals}. */
export interface SignalOptions extends CloseOptions {
  /** Default: SIGTERM (service managers, containers) and SIGINT (Ctrl-C). */
  readonly signals?: readonly NodeJS.Signals[]
  /** Called when the first signal has come and shutdown begins. */
  readonly onClosing?: (signal: NodeJS.Signals) => void
  /** Called when every connection has ended, before the process exits. */
  readonly onClosed?: (closed: Closed) => void | Promise<void>
}

/**
 * Shuts a server down when the process is told to end, and then exits: 0 after an orderly shutdown, 1 at once when a
 * second signal comes. Works as PID 1 of a container, where the default action of signals is to do nothing.
 */
export function closeOnSignals(server: Server, options: SignalOptions = {}): void {
  const { signals = ['SIGTERM', 'SIGINT'], onClosing, onClosed } = options
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.closing) process.exit(1)
    onClosing?.(signal)
    const closed = await server.close(options)
    await onClosed?.(closed)
    process.exit(0)
  }
  for (const signal of signals) process.on(signal, () => void stop(signal))
}
