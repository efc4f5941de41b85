import { printError } from '../exchange/guarded.ts'
import { inspect } from 'node:util'
import nodeCluster from 'node:cluster'
import type { Start } from './options.ts'
import type { ClusterSettings } from './rules.ts'
import type { ClusterMessage } from './process.ts'
import { placeVariable } from '../server/listen-fds.ts'
import { hearQuestions } from './questions.ts'
import { closeRules, ofRules } from '../server/rules.ts'
import type { CloseOptions } from '../server/server.ts'
import { ticketKeys } from '../server/ticket-keys.ts'

/** Runs `start` in a worker. Never resolves: code after `await cluster(…)` is only for the primary. */
export function runWorker(start: Start, settings: ClusterSettings): Promise<never> {
  if (process.env[placeVariable] === undefined)
    throw new Error('cluster() was called in a worker of another cluster; use serve() there')
  const close = ofRules(closeRules, settings)
  const started = begin(start)
  let draining: Promise<void> | undefined
  const drain = (options: CloseOptions): void => {
    // A second message can only shorten the deadline.
    if (draining) void hurry(started, options)
    else draining = end(started, options)
  }

  process.on('message', (message: ClusterMessage | null) => {
    if (message?.spillway === 'drain') drain(message.close ?? close)
    else if (message?.spillway === 'tickets') ticketKeys.give(Buffer.from(message.keys!, 'base64'))
    // The callback comes when earlier messages, such as Node's refusals of connections, have been written too.
    else if (message?.spillway === 'exit') say({ spillway: 'bye' }, () => process.exit(0))
    else hearQuestions(message, say)
  })
  // A terminal sends these to the whole group; the primary decides what they mean.
  const { signals, reloadSignal } = settings
  for (const signal of new Set([...signals, reloadSignal ?? 'SIGHUP', 'SIGINT', 'SIGHUP'] as const))
    if (signal !== 'SIGTERM') process.on(signal, () => {})
  process.on('SIGTERM', () => {
    say({ spillway: 'leaving' })
    drain(close)
  })
  // The primary is gone. Node would exit at once and cut what is active, unless this says that the end is intended.
  nodeCluster.worker?.on('disconnect', () => {
    if (nodeCluster.worker) nodeCluster.worker.exitedAfterDisconnect = true
    drain({ ...close, announce: 0 })
  })
  say({ spillway: 'hearing' })
  return new Promise(() => {})
}

async function begin(start: Start): Promise<{ close(options: CloseOptions): Promise<unknown> }> {
  try {
    const server = await start()
    if (typeof server?.close !== 'function')
      throw new TypeError('The function given to cluster() must return its server')
    say({ spillway: 'ready' })
    return server
  } catch (error) {
    say({ spillway: 'failed', error: inspect(error) }, () => process.exit(1))
    return new Promise(() => {})
  }
}

async function hurry(started: ReturnType<typeof begin>, options: CloseOptions): Promise<void> {
  try {
    await (await started).close(options)
  } catch (error) {
    printError('close', error)
  }
}

async function end(started: ReturnType<typeof begin>, options: CloseOptions): Promise<void> {
  try {
    const server = await started
    await server.close(options)
  } catch (error) {
    printError('close', error)
    process.exit(1)
  }
  // A connection may still be on its way from the primary, and must be given back; the message 'exit' comes after it.
  if (process.connected) process.once('disconnect', () => process.exit(0))
  say({ spillway: 'drained' }, (reached) => {
    if (!reached) process.exit(0)
  })
}

/** Sends to the primary; the callback says whether that was possible. */
function say(message: ClusterMessage, then: (reached: boolean) => void = () => {}): void {
  if (process.connected && process.send) process.send(message, undefined, undefined, (error) => then(!error))
  else then(false)
}
