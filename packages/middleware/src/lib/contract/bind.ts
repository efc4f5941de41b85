// Turns a route's contract and its handler into the handler that core calls.
import type { Context, MaybePromise, Result } from '@spillway/core'
import {
  type Rules,
  type Settled,
  callback,
  choice,
  flag,
  list,
  optional,
  readOptions,
  record,
  required,
  text,
  thing,
} from '@spillway/core/options'
import { bodyKinds, readRules } from '../body/content.ts'
import type { Gives, RouteNote, SecurityScheme } from '../layers/route-notes.ts'
import type { AnyMiddleware } from '../layers/types.ts'
import { validation } from '../validation/layer.ts'
import { schemaRules } from '../validation/schema.ts'
import { type WriteOptions, giver } from './give.ts'
import type { Contract } from './types.ts'

const securityRule = optional(record(required(thing<SecurityScheme>())))

const rules = {
  ...readRules,
  layers: list(required(callback<AnyMiddleware>())),
  ...schemaRules,
  kinds: list(choice(bodyKinds, 'json'), ['json']),
  gives: thing<Gives>(),
  examples: thing<Readonly<Record<string, unknown>>>(),
  security: securityRule,
  optionalSecurity: securityRule,
  summary: optional(text()),
  description: optional(text()),
  tags: optional(list(text())),
  deprecated: optional(flag()),
  operationId: optional(text()),
} satisfies Rules<Settled<Contract, 'kinds' | 'layers'>>

type AnyHandler = (c: Context<any, any>) => MaybePromise<Result>

/** A handler, and what its contract puts in front of it. */
export interface Bound {
  readonly layers: readonly AnyMiddleware[]
  readonly notes: readonly RouteNote[]
  readonly handler: AnyHandler
}

/** @throws TypeError for something that is not a contract, and whatever reading options throws. */
export function bind(
  contract: Contract,
  handler: (c: any, give: any) => ReturnType<AnyHandler>,
  options: WriteOptions,
): Bound {
  const { layers, ...note } = readOptions(rules, contract)
  const takes = note.params ?? note.query ?? note.headers ?? note.cookies ?? note.body
  const give = note.gives && giver(note.gives, options)
  return {
    layers: takes ? [...layers, validation(note, note)] : layers,
    notes: [note],
    handler: give ? (c) => handler(c, give) : (handler as AnyHandler),
  }
}
