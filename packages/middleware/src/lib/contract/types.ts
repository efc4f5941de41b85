import type { BodySource, Context, Handler, FieldsInit, MaybePromise, Reply } from '@spillway/core'
import type { ReadOptions } from '../body/content.ts'
import type { AnySchema, Gives, RouteNote, Schemas } from '../layers/route-notes.ts'
import type { AnyMiddleware, Ok, StateAfter } from '../layers/types.ts'
import type { ParamsOf } from '../patterns/params-of.ts'

/**
 * What a route takes and what it gives, in one place: requests are checked by it before the handler runs, the compiler checks
 * what the handler returns, and `openApi` and `client` know it.
 */
export interface Contract extends RouteNote, ReadOptions {
  /** Layers of this route alone, in front of the checks. */
  readonly layers?: readonly AnyMiddleware[]
}

/** What a schema makes of a value. */
export type OutputOf<S> = TypesOf<S> extends { readonly output: infer Output } ? Output : unknown

/** What a schema takes. */
export type InputOf<S> = TypesOf<S> extends { readonly input: infer Input } ? Input : unknown

type TypesOf<S> = S extends { readonly '~standard': { readonly types?: infer Types } }
  ? Exclude<Types, undefined>
  : unknown

/** What the schemas make of the parts of a request. */
export type Valid<S extends Schemas> = {
  readonly [Part in keyof S & keyof Schemas]: OutputOf<S[Part]>
}

/** What a handler gives for a status, and what a client gets. */
export type ContentOf<G> = G extends AnySchema
  ? OutputOf<G>
  : G extends { readonly schema: infer S extends AnySchema }
    ? OutputOf<S>
    : G extends { readonly type: string }
      ? Exclude<BodySource, null>
      : null

/** A reply that keeps to the contract of its route: only `give` makes one. */
export interface Given extends Reply {
  readonly 'made by give(status, content)': true
}

/** Fields for a reply that is given. */
export interface GiveInit {
  readonly headers?: FieldsInit
}

/** Makes the reply of a route: a status that its contract names, with the content that is said there. */
export type Give<G extends Gives> = <Status extends keyof G & number>(
  status: Status,
  ...content: GiveArguments<G>[Status]
) => Given

type GiveArguments<G extends Gives> = {
  readonly [Status in keyof G]: null extends ContentOf<G[Status]>
    ? [content?: ContentOf<G[Status]>, init?: GiveInit]
    : [content: ContentOf<G[Status]>, init?: GiveInit]
}

type LayersOf<C> = C extends { readonly layers: infer L extends readonly AnyMiddleware[] } ? L : []

/** What may stand between a pattern and its handler. */
export type Front = readonly AnyMiddleware[] | Contract

/** `unknown` for what may stand behind state `S`; else a type that nothing fits, which says why. */
export type Fits<S, F extends Front> = F extends readonly AnyMiddleware[]
  ? Ok<S, F>
  : Ok<S, LayersOf<F>> & { readonly [Unknown in Exclude<keyof F, keyof Contract>]: never }

/**
 * The handler behind layers, or behind a contract, where it gets `give` when that says what it gives. `Front` itself stands for
 * calls such as `bearerAuth(…)` of which the compiler has not seen yet what they make: it looks at them once more.
 */
export type HandlerBehind<P extends string, S, F extends Front> = Front extends F
  ? (c: any, give: any) => any
  : F extends readonly AnyMiddleware[]
    ? Handler<Context<ParamsOf<P>, StateAfter<S, F>>>
    : F extends Contract
      ? ContractHandler<ParamsOf<P>, StateAfter<S, LayersOf<F>>, F>
      : never

type ContractHandler<Params, S, F extends Contract> = F extends { readonly gives: infer G extends Gives }
  ? (c: Context<Params, S & { readonly valid: Valid<F> }>, give: Give<G>) => MaybePromise<Given>
  : Handler<Context<Params, S & { readonly valid: Valid<F> }>>

declare const serves: unique symbol

/** What a router says to the compiler of a route it has, for clients of it. */
export type Serves<Method extends string, Path extends string, F> = {
  readonly [serves]?: { readonly [M in Method]: { readonly [P in Path]: F } }
}

/** All that a router has: by method and path what the route takes and gives. */
export type ServedBy<R> = R extends { readonly [serves]?: infer Served } ? Exclude<Served, undefined> : {}

/** The same for what has other types otherwise. */
export type ServesAs<R> = { readonly [serves]?: ServedBy<R> }

/** The same below a prefix. */
export type ServesBelow<Prefix extends string, R> = { readonly [serves]?: Below<Prefix, ServedBy<R>> }

type Below<Prefix extends string, Served> = {
  readonly [M in keyof Served]: {
    readonly [P in keyof Served[M] & string as Join<Prefix, P>]: Served[M][P]
  }
}

/** A pattern below a prefix; `/` is the prefix itself. */
export type Join<Prefix extends string, P extends string> = Prefix extends ''
  ? P
  : P extends '/'
    ? Prefix
    : Prefix extends `${infer Open}/`
      ? `${Open}${P}`
      : `${Prefix}${P}`

/** The same type, of which nothing is inferred where it stands: what is in front of a handler says what the handler gets. */
export type Known<F> = [F][F extends unknown ? 0 : never]
