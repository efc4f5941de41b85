// JSON Schemas from schemas of any library.
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import { atOnce } from '../layers/at-once.ts'
import type { AnySchema } from '../layers/route-notes.ts'

/** A JSON Schema in the 2020-12 dialect, which OpenAPI 3.1 uses. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Converts a schema to JSON Schema: for what clients send (`input`), or what they get (`output`). Undefined when it cannot. */
export type SchemaConverter = (schema: StandardSchemaV1, side: 'input' | 'output') => JsonSchema | undefined

/**
 * The JSON Schema of a schema: from the converter, or otherwise from the schema itself, as with zod and arktype (Standard JSON Schema).
 * A schema that cannot be converted gives an empty one.
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
