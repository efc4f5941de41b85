// One operation of an OpenAPI document.
import { isThenable } from '@spillway/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { reasonPhrase } from '@spillway/parser/serialize'
import { detailsOf } from '../contract/give.ts'
import type { BodyKind } from '../http/media-type.ts'
import type { AnySchema, RouteNote } from '../layers/route-notes.ts'
import { parametersOf } from './parameters.ts'
import type { PathTemplate } from './paths.ts'
import type { JsonSchema } from '../validation/json-schema.ts'
import type { SchemaCollection } from './schemas.ts'
import type { SecuritySchemes } from './security.ts'

const contentTypes: Readonly<Record<BodyKind, string>> = {
  json: 'application/json',
  urlencoded: 'application/x-www-form-urlencoded',
  multipart: 'multipart/form-data',
  text: 'text/plain',
  bytes: 'application/octet-stream',
}

/**
 * The description of one method of one path (OpenAPI 3.1.1 §4.8.10).
 * @param name is the prefix of the names of its components.
 */
export function operationOf(
  notes: readonly RouteNote[],
  template: PathTemplate,
  labels: readonly string[],
  name: string,
  schemas: SchemaCollection,
  schemes: SecuritySchemes,
): JsonSchema {
  const { summary, description, tags, deprecated } = Object.assign({}, ...notes) as RouteNote
  const parameters = parametersOf(notes, template, labels, name, schemas)
  const body = requestBody(notes, name, schemas)
  const security = schemes.requirementsOf(notes)
  return {
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(tags && { tags }),
    ...(deprecated && { deprecated }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: body }),
    ...(security && { security }),
    responses: responses(notes, name, schemas),
  }
}

function requestBody(notes: readonly RouteNote[], name: string, schemas: SchemaCollection): JsonSchema | undefined {
  const bodies = notes.filter(({ body }) => body)
  if (bodies.length === 0) return undefined
  const all = bodies.map(({ body }) => schemas.add(body!, 'input', `${name}Body`))
  const schema = all.length === 1 ? all[0] : { allOf: all }
  const kinds = bodies.flatMap((note) => note.kinds ?? ['json' as const])
  const content = { schema, ...examplesOf(Object.assign({}, ...notes.map(({ examples }) => examples)) as object) }
  const required = !bodies.every(({ body }) => mayBeMissing(body!))
  return {
    ...(required && { required }),
    content: Object.fromEntries(kinds.map((kind) => [contentTypes[kind], content])),
  }
}

/** Whether a schema accepts missing content; schemas that answer asynchronously are assumed not to. */
function mayBeMissing(schema: AnySchema): boolean {
  try {
    const result = (schema as StandardSchemaV1)['~standard'].validate(undefined)
    if (!isThenable(result)) return !result.issues
    result.catch(() => {})
  } catch {
    // Its own code does not expect a missing value.
  }
  return false
}

function examplesOf(examples: object = {}): JsonSchema | undefined {
  const named = Object.entries(examples).map(([name, value]: [string, unknown]) => [name, { value }])
  return named.length === 0 ? undefined : { examples: Object.fromEntries(named) as object }
}

function responses(notes: readonly RouteNote[], name: string, schemas: SchemaCollection): JsonSchema {
  const result: Record<string, unknown> = {}
  const refuse = (...statuses: number[]): void => statuses.forEach((status) => (result[status] = problemReference))
  if (notes.some(({ query, params, headers, cookies }) => query ?? params ?? headers ?? cookies)) refuse(400)
  if (notes.some(({ body }) => body)) refuse(400, 413, 415, 422)
  if (notes.some(({ security, optionalSecurity }) => security ?? optionalSecurity)) refuse(401)
  const told = Object.entries(Object.assign({}, ...notes.map(({ gives }) => gives)) as NonNullable<RouteNote['gives']>)
  for (const [status, given] of told) {
    const { schema, type, description = reasonPhrase(Number(status)), examples } = detailsOf(given)
    const content = schema
      ? {
          [contentTypes.json]: {
            schema: schemas.add(schema, 'output', `${name}Reply${status}`),
            ...examplesOf(examples),
          },
        }
      : type !== undefined && { [type]: { ...examplesOf(examples) } }
    result[status] = { description, ...(content && { content }) }
  }
  return told.length > 0 ? result : { ...result, default: { description: 'The reply' } }
}

const problemReference = { $ref: '#/components/responses/Problem' }

/** The form of every refusal (RFC 9457). */
export const problemResponse: JsonSchema = {
  description: 'The request is refused',
  content: {
    'application/problem+json': {
      schema: {
        type: 'object',
        properties: {
          type: { type: 'string', format: 'uri-reference' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string' },
          code: { type: 'string' },
          errors: {
            type: 'array',
            items: {
              type: 'object',
              properties: { in: { type: 'string' }, pointer: { type: 'string' }, detail: { type: 'string' } },
            },
          },
        },
      },
    },
  },
}
