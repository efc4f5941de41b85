// The types of contracts: what a route takes, and what it gives.
import type { BodySource, Context, Handler, FieldsInit, MaybePromise, Reply } from '@spillway/core'
import type { ReadOptions } from '../body/content.ts'
import type { AnySchema, Gives, RouteNote, Schemas } from '../layers/route-notes.ts'
import type { AnyMiddleware, Ok, StateAfter } from '../layers/types.ts'
import type { ParamsOf } from '../patterns/params-of.ts'

/**
 * What a route takes and what it gives, in one place: requests are checked against it before the handler runs, the compiler checks
 * what the handler returns, and `openApi` and `client` use it.
 */
export interface Contract extends RouteNote, ReadOptions {
  /** Layers for this route only, in front of the checks. */
  readonly layers?: readonly AnyMiddleware[]
}

/**
 * The output type of a schema. Schemas of zod have it as a property of their own, which costs the compiler a third of what it costs
 * to infer it through Standard Schema.
 */
export type OutputOf<S> = S extends { readonly _zod: { readonly output: infer Output } }
  ? Output
  : S extends { readonly '~standard': { readonly types?: { readonly output: infer Output } | undefined } }
    ? Output
    : unknown

/** The input type of a schema. */
export type InputOf<S> = S extends { readonly _zod: { readonly input: infer Input } }
  ? Input
  : S extends { readonly '~standard': { readonly types?: { readonly input: infer Input } | undefined } }
    ? Input
    : unknown

/** The schemas' output for the parts of a request. */
export type Valid<S extends Schemas> = {
  readonly [Part in keyof S & keyof Schemas]: OutputOf<S[Part]>
}

/** What a handler passes to `give` for a status, and what a client receives. */
export type ContentOf<G> = G extends AnySchema
  ? OutputOf<G>
  : G extends { readonly schema: infer S extends AnySchema }
    ? OutputOf<S>
    : G extends { readonly type: string }
      ? Exclude<BodySource, null>
      : null

/** A reply that conforms to the contract of its route: only `give` makes one. */
export interface Given extends Reply {
  readonly 'made by give(status, content)': true
}

/** Fields for a reply made by `give`. */
export interface GiveInit {
  readonly headers?: FieldsInit
}

/** Makes the reply of a route: a status that its contract names, with the content declared for it. */
export type Give<G extends Gives> = <Status extends keyof G & number>(
  status: Status,
  ...content: GiveArguments<ContentOf<G[Status]>>
) => Given

/** Made for one status only: a mapped type would make the arguments for all of them with each call. */
type GiveArguments<Content> = null extends Content
  ? [content?: Content, init?: GiveInit]
  : [content: Content, init?: GiveInit]

type LayersOf<C> = C extends { readonly layers: infer L extends readonly AnyMiddleware[] } ? L : []

/** What may stand between a pattern and its handler. */
export type Front = readonly AnyMiddleware[] | Contract

/** `unknown` for something that may stand behind state `S`; otherwise a type that nothing fits and whose name says why. */
export type Fits<S, F extends Front> = F extends readonly AnyMiddleware[]
  ? Ok<S, F>
  : Ok<S, LayersOf<F>> & { readonly [Unknown in Exclude<keyof F, keyof Contract>]: never }

// decision 059
/**
 * The handler behind layers, or behind a contract; with a contract that has `gives`, it gets `give`. The case of `Front` itself is for
 * calls such as `bearerAuth(…)` whose result the compiler has not inferred yet: it looks at them once more.
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

/** What a router tells the compiler about its routes, for the sake of clients: by method and path, what each takes and gives. */
export interface Serving<Served> {
  readonly [serves]: Served
}

/** One route. */
export type Serves<Method extends string, Path extends string, F> = {
  readonly [M in Method]: { readonly [P in Path]: F }
}

/** All routes of a router. */
export type ServedBy<R> = R extends Serving<infer Served> ? Served : {}

/** The same routes, where another one is added: looked up and not inferred, because what is inferred is made anew each time (decision 102). */
export type ServedSoFar<R extends Serving<{}>> = R[typeof serves]

/** The same routes, below a prefix. */
export type ServedBelow<Prefix extends string, R> = Below<Prefix, ServedBy<R>>

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

/** The same type, but nothing is inferred from this position: what is in front of a handler determines what the handler gets. */
export type Known<F> = [F][F extends unknown ? 0 : never]
