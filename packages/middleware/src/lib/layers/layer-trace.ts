// What is told of the run of each layer, for tools that show where the time of a request went.
import { channel } from 'node:diagnostics_channel'
import type { Context, MaybePromise } from '@spillway/core'
import { originOf } from './context-view.ts'
import { whenSettled } from './maybe-promise.ts'

/**
 * The run of one layer, or of the handler behind them. It is published on `spillway.layer` when it begins, and the same object is
 * brought up to date when it ends; those that it has called begin and end within it.
 */
export interface LayerRun {
  /** Of the exchange, whatever view of it the layer was given. */
  readonly context: Context<any, any>
  readonly kind: 'layer' | 'handler'
  /** The name of the function; empty when it has none. */
  readonly name: string
  /** Milliseconds on the clock of `performance.now()`. */
  readonly startedAt: number
  /** When its reply was there, or it had failed; missing until then. */
  endedAt?: number
  /** What it has thrown, or was rejected with. */
  error?: unknown
}

const runs = channel('spillway.layer')

/** Whether somebody wants to know of layers. */
export function areTold(): boolean {
  return runs.hasSubscribers
}

// decision 094
/** Runs a layer or handler, and tells of it. */
export function told<T>(
  kind: LayerRun['kind'],
  { name }: { readonly name: string },
  c: Context<any, any>,
  run: () => MaybePromise<T>,
): MaybePromise<T> {
  const about: LayerRun = { context: originOf(c), kind, name, startedAt: performance.now() }
  runs.publish(about)
  return whenSettled(
    run,
    (value) => {
      about.endedAt = performance.now()
      return value
    },
    (error) => {
      about.endedAt = performance.now()
      about.error = error
      throw error
    },
  )
}

/** Gives a layer the name that lists, messages and traces call it by. */
export function named<L extends (...args: never[]) => unknown>(name: string, layer: L): L {
  return Object.defineProperty(layer, 'name', { value: name })
}
