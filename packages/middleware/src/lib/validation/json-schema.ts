import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import { atOnce } from '../layers/at-once.ts'
import type { AnySchema } from '../layers/route-notes.ts'

/** A JSON Schema, of the 2020-12 dialect, which is OpenAPI 3.1's. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Turns a schema into JSON Schema: what clients send (`input`), or what they get (`output`). Undefined when it cannot. */
export type SchemaConverter = (schema: StandardSchemaV1, side: 'input' | 'output') => JsonSchema | undefined

/**
 * The JSON Schema of a schema: by the converter, or else by itself, for zod's and arktype's can (Standard JSON Schema). That of
 * one that cannot says nothing.
 */
export function jsonSchemaOf(
  given: AnySchema,
  side: 'input' | 'output',
  convert: SchemaConverter | undefined,
  target: 'draft-2020-12' | 'draft-07' = 'draft-2020-12',
): JsonSchema {
  const schema = given as StandardSchemaV1
  const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>
  return atOnce(convert?.(schema, side), '`toJsonSchema`') ?? jsonSchema?.[side]({ target }) ?? {}
}
