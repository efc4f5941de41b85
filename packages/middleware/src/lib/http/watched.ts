import type { Context } from '@spillway/core'

/** Lists that layers keep of what happens to their exchanges. Where no layer keeps one, nothing is looked up. */
export class Watched<T> {
  /** Keyed by the state of the exchange, which all its views share. */
  readonly #lists = new WeakMap<object, T[]>()
  #isWatching = false

  /** The list of an exchange, to which is added from now on. */
  watch({ state }: Context<any, any>): readonly T[] {
    this.#isWatching = true
    let list = this.#lists.get(state as object)
    if (!list) this.#lists.set(state as object, (list = []))
    return list
  }

  /** The list to add to; undefined if nobody is interested. */
  of({ state }: Context<any, any>): T[] | undefined {
    return this.#isWatching ? this.#lists.get(state as object) : undefined
  }
}
