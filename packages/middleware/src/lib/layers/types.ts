// The types of middleware: what a layer needs of those in front, and what it adds for those behind.
import type { Context, MaybePromise, Reply, Result } from '@spillway/core'

declare const adds: unique symbol
declare const needs: unique symbol

/**
 * Passes the request on to what is behind a layer. May be called once.
 * @param as what they get instead of this layer's context: another view of the same exchange. Default: the same context.
 */
export type Next = (as?: Context<any, any>) => MaybePromise<Reply>

/**
 * One layer around everything behind it: it answers itself, or calls `next()` and returns that reply, changed or not.
 * What `next()` gives is always a `Reply`, even when the handler returned a fetch `Response`.
 * @typeParam Adds what the layer puts into `c.state` for those behind it.
 * @typeParam Needs what must already be in `c.state`; a layer that is too far out is a type error.
 */
export interface Middleware<Adds = {}, Needs = {}> {
  (c: Context<any, Needs & Partial<Adds>>, next: Next): MaybePromise<Result>
  readonly [adds]?: Adds
  readonly [needs]?: Needs
}

/** Any middleware, whatever it adds and needs. */
export type AnyMiddleware = Middleware<any, any>

/** What a middleware adds to the state. */
export type AddsOf<M> = M extends Middleware<infer A, any> ? A : {}

/** What a middleware needs to find in the state. */
export type NeedsOf<M> = M extends Middleware<any, infer N> ? N : {}

/** The state behind a list of middleware, if it was `S` in front of it. */
export type StateAfter<S, Ms extends readonly AnyMiddleware[]> = Ms extends readonly [
  infer M,
  ...infer Rest extends readonly AnyMiddleware[],
]
  ? StateAfter<S & AddsOf<M>, Rest>
  : S

/** What the compiler's error message says about a layer that comes before what it needs. */
export interface MissingState<N> {
  readonly 'this state must be added by middleware in front': N
}

/** `unknown` when every middleware of a list finds what it needs, with state `S` in front; otherwise a type that nothing fits. */
export type Ok<S, Ms extends readonly AnyMiddleware[]> = Ms extends readonly [
  infer M,
  ...infer Rest extends readonly AnyMiddleware[],
]
  ? S extends NeedsOf<M>
    ? Ok<S & AddsOf<M>, Rest>
    : MissingState<NeedsOf<M>>
  : unknown

/** What a list of middleware needs from those in front of it, if the ones before in the list have added `A`. */
export type NeedsOfAll<Ms extends readonly AnyMiddleware[], A = {}> = Ms extends readonly [
  infer M,
  ...infer Rest extends readonly AnyMiddleware[],
]
  ? Omit<NeedsOf<M>, keyof A> & NeedsOfAll<Rest, A & AddsOf<M>>
  : {}
