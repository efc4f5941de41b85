// Makes the function with which a handler gives its reply.
import { type Rules, optional, readOptions, record, text as textOption, thing } from '@spillway/core/options'
import { atOnce } from '../layers/at-once.ts'
import { type BodySource, type FieldsInit, Reply, type ReplyInit, isFinalStatus } from '@spillway/core'
import type { GivenContent, Gives } from '../layers/route-notes.ts'
import { type JsonSchema, type SchemaConverter, jsonSchemaOf } from '../validation/json-schema.ts'
import { isSchema } from '../validation/schema.ts'
import type { Give, GiveInit, Given } from './types.ts'

/** How replies are serialized to JSON. */
export interface WriteOptions {
  /**
   * Turns a JSON Schema into a function that serializes matching values, such as `fastJsonStringify` of `fast-json-stringify`:
   * this is faster than `JSON.stringify`, and members that the schema does not name are left out. Default: `JSON.stringify`.
   */
  readonly stringify?: (schema: JsonSchema) => (value: any) => string
  /** Converts schemas to JSON Schema for `stringify`, where they cannot do so themselves, as for `openApi`. */
  readonly toJsonSchema?: SchemaConverter
}

const contentRules: Rules<GivenContent> = {
  schema: thing('a schema'),
  type: optional(textOption('', /^[^\s/;]+\/[^\s/;]+(?:\s*;|$)/)),
  description: optional(textOption()),
  examples: optional(record(thing())),
}

export const giveRules: Rules<GiveInit> = { headers: thing<FieldsInit>('an object or a list of pairs') }
const none: GiveInit = {}

type Write = (content: unknown, init: ReplyInit) => Reply

/** Makes the replies of a route. @throws TypeError for an invalid schema, or one without a JSON form that `stringify` could use. */
export function giver(gives: Gives, options: WriteOptions): Give<Gives> {
  const writers = new Map<number, Write>()
  for (const [status, given] of Object.entries(gives)) writers.set(statusOf(status), writerOf(status, given, options))
  return (status: number, content?: unknown, init?: GiveInit) => {
    const write = writers.get(status)
    if (!write) throw new TypeError(`The contract of this route gives no ${status}`)
    const { headers } = init === undefined ? none : readOptions(giveRules, init)
    return write(content, headers ? { status, headers } : status) as Given
  }
}

function statusOf(text: string): number {
  const status = Number(text)
  if (!isFinalStatus(status)) throw new RangeError(`A route gives final statuses, from 200 to 599, not ${text}`)
  return status
}

function writerOf(status: string, given: Gives[number], options: WriteOptions): Write {
  const { schema, type } = checked(status, given)
  if (schema === undefined) return type === undefined ? (_, init) => new Reply(null, init) : contentWriter(type)
  if (!isSchema(schema)) throw new TypeError(`What is given for ${status} is not a Standard Schema`)
  const made = options.stringify?.(jsonSchemaOf(schema, 'output', options.toJsonSchema, 'draft-07'))
  const write = atOnce(made, '`stringify`') ?? JSON.stringify
  return (content, init) => {
    const text = write(content) as string | undefined
    if (text === undefined) throw new TypeError(`A ${typeof content} has no JSON form`)
    return Reply.ofJson(text, init)
  }
}

/** @throws TypeError for what says nothing of a reply, with the status. */
function checked(status: string, given: Gives[number]): GivenContent {
  try {
    return readOptions(contentRules, detailsOf(given))
  } catch (cause) {
    throw new TypeError(`What is given for ${status}: ${(cause as Error).message}`, { cause })
  }
}

function contentWriter(type: string): Write {
  return (content, init) => {
    const reply = new Reply(content as BodySource, init)
    if (!reply.headers.has('Content-Type')) reply.headers.set('Content-Type', type)
    return reply
  }
}

/** The description of a reply's content, in whichever form it was given. */
export function detailsOf(given: Gives[number]): GivenContent {
  if (given === null) return {}
  return '~standard' in given ? { schema: given } : given
}
