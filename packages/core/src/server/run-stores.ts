import type { Channel } from 'node:diagnostics_channel'

/** Publishes a message and calls `run` within the stores bound to the channel, like `Channel.runStores`. */
export function runStores<R>(channel: object, message: object, run: () => R): R {
  const { runStores: native } = channel as { runStores?: Channel['runStores'] }
  if (native) return (native as (message: object, run: () => R) => R).call(channel, message, run)
  // Other runtimes have channels without stores.
  ;(channel as { publish(message: object): void }).publish(message)
  return run()
}
