// What a call of a contract's client may be given, whatever its route takes.
import { type Rules, anything, choice, optional, thing } from '@spillway/core/options'
import type { BodyKind } from '../http/media-type.ts'

type Parts = Readonly<Record<string, unknown>>

/** The parts of any call. */
export interface AnyCall {
  readonly params?: Parts
  readonly query?: Parts
  readonly headers?: Parts
  readonly body?: unknown
  readonly as?: BodyKind
  readonly signal?: AbortSignal
}

/** The compiler asks for every kind. */
const kinds: Record<BodyKind, true> = { json: true, urlencoded: true, multipart: true, text: true, bytes: true }

export const callRules: Rules<AnyCall> = {
  params: thing<Parts>(),
  query: thing<Parts>(),
  headers: thing<Parts>(),
  body: anything(),
  as: optional(choice(Object.keys(kinds) as BodyKind[], 'json')),
  signal: thing<AbortSignal>('a signal'),
}
