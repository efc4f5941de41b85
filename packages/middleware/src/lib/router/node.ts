// A node in the tree of routers: its layers, and the handlers for paths below it.
import type { Context, MaybePromise, Result } from '@spillway/core'
import { refused } from '../http/problem.ts'
import type { AnyMiddleware } from '../layers/types.ts'
import { markUnknown } from '../layers/unknown.ts'
import { type Pattern, checkSlash, readPattern } from './pattern.ts'

export type AnyHandler = (c: Context<any, any>) => MaybePromise<Result>

/** Answers for an error, or returns nothing. */
export type ErrorHandler = (error: unknown, c: Context<any, any>) => MaybePromise<Result | undefined | void>

/** A node of the tree of routes: a prefix, and the middleware that `use` has added there. */
export class Node {
  readonly prefix: string
  /** Matches every path at or below the prefix. */
  readonly below: string
  /** The handler set by `notFound`. */
  missing: AnyHandler | undefined
  /** The handler set by `onError`. */
  failed: ErrorHandler | undefined
  readonly #parent: Node | undefined
  readonly #own: AnyMiddleware[] = []
  /** Patterns for everything below the prefixes that `bypass` named here. */
  readonly #bypassed: readonly Pattern[]

  /**
   * @param prefix empty for a root.
   * @param bypassed prefixes whose guards routes here may get around.
   */
  constructor(prefix: string, parent?: Node, bypassed: readonly string[] = []) {
    this.prefix = prefix
    this.below = belowOf(prefix)
    this.#parent = parent
    this.#bypassed = bypassed.map((one) => readPattern(belowOf(one)))
    this.missing = undefined
    this.failed = undefined
  }

  /** Whether it has something that must be in front of every path below, known or not. */
  get owns(): boolean {
    return this.guards || this.missing !== undefined
  }

  /** Whether it was made by `bypass`, and so is not a group of its own. */
  get isBypass(): boolean {
    return this.#bypassed.length > 0
  }

  /** Whether it has layers, which no route elsewhere may get around. */
  get guards(): boolean {
    return this.#own.length > 0
  }

  use(middlewares: readonly AnyMiddleware[]): void {
    this.#own.push(...middlewares)
  }

  /** The middleware so far, from the root down. */
  layers(): AnyMiddleware[] {
    return [...(this.#parent?.layers() ?? []), ...this.#own]
  }

  /** Answers for paths without a route: the nearest node upwards with a handler does so. */
  answerMissing(c: Context): MaybePromise<Result> {
    if (this.missing) return this.missing(c)
    return this.#parent ? this.#parent.answerMissing(c) : markUnknown(refused(404))
  }

  /** The error handlers, the nearest one upwards first. */
  errorHandlers(): ErrorHandler[] {
    const above = this.#parent?.errorHandlers() ?? []
    return this.failed ? [this.failed, ...above] : above
  }

  isWithin(other: Node): boolean {
    return this === other || (this.#parent?.isWithin(other) ?? false)
  }

  /** Every pattern that `bypass` named here or further up. */
  bypassed(): readonly Pattern[] {
    return [...(this.#parent?.bypassed() ?? []), ...this.#bypassed]
  }

  /**
   * A pattern below this node, in full; `/` is the prefix itself.
   * @throws TypeError when it does not begin with a slash, or is no text.
   */
  join(pattern: string): string {
    if (typeof pattern !== 'string') throw new TypeError(`A pattern is text, not ${String(pattern)}`)
    checkSlash(pattern)
    if (this.prefix === '') return pattern
    if (pattern === '/') return this.prefix
    return this.prefix.endsWith('/') ? this.prefix + pattern.slice(1) : this.prefix + pattern
  }
}

/** The pattern of everything at or below a prefix. */
export function belowOf(prefix: string): string {
  return `${prefix.endsWith('/') ? prefix.slice(0, -1) : prefix}/**`
}
