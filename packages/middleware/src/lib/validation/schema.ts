// Schemas that implement Standard Schema.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Rules, thing } from '@spillway/core/options'
import type { AnySchema, Schemas } from '../layers/route-notes.ts'

const schema = thing<AnySchema>('a schema')

/** What parts of a request may be given schemas. */
export const schemaRules: Rules<Schemas> = {
  params: schema,
  query: schema,
  headers: schema,
  cookies: schema,
  body: schema,
}

/** The schemas of the parts of a request. */
export type KnownSchemas = { readonly [Part in keyof Schemas]?: StandardSchemaV1 | undefined }

/** Whether a value implements Standard Schema; the schemas of some libraries are functions. */
export function isSchema(value: unknown): value is StandardSchemaV1 {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  return typeof (value as Partial<StandardSchemaV1>)['~standard']?.validate === 'function'
}

/**
 * Checks the given schemas when a route is registered, rather than at the first request.
 * @throws TypeError for a part that is not a schema.
 */
export function checked(schemas: { readonly [Part in keyof Schemas]: unknown }): KnownSchemas {
  for (const [part, value] of Object.entries(schemas))
    if (value !== undefined && !isSchema(value))
      throw new TypeError(`What is given for \`${part}\` is not a Standard Schema, such as those of zod`)
  return schemas as KnownSchemas
}
