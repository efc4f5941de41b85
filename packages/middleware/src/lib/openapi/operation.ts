import type { StandardSchemaV1 } from '@standard-schema/spec'
import { reasonPhrase } from '@spillway/parser/serialize'
import type { BodyKind } from '../http/media-type.ts'
import type { RouteNote } from '../layers/route-notes.ts'
import type { PathTemplate } from './paths.ts'
import type { JsonSchema, SchemaCollection } from './schemas.ts'

const contentTypes: Readonly<Record<BodyKind, string>> = {
  json: 'application/json',
  urlencoded: 'application/x-www-form-urlencoded',
  text: 'text/plain',
  bytes: 'application/octet-stream',
}

/** What is said about one method of one path (OpenAPI 3.1.1 §4.8.10). @param name begins the names of its components. */
export function operationOf(
  notes: readonly RouteNote[],
  { parameters }: PathTemplate,
  name: string,
  schemas: SchemaCollection,
): JsonSchema {
  const { summary, description, tags, deprecated } = Object.assign({}, ...notes) as RouteNote
  const list = [
    ...pathParameters(notes, parameters, name, schemas),
    ...notes.flatMap(({ query }) => (query ? queryParameters(schemas.add(query, 'input', `${name}Query`)) : [])),
  ]
  const body = requestBody(notes, name, schemas)
  return {
    ...(summary !== undefined && { summary }),
    ...(description !== undefined && { description }),
    ...(tags && { tags }),
    ...(deprecated && { deprecated }),
    ...(list.length > 0 && { parameters: list }),
    ...(body && { requestBody: body }),
    responses: responses(notes, name, schemas),
  }
}

function pathParameters(
  notes: readonly RouteNote[],
  parameters: PathTemplate['parameters'],
  name: string,
  schemas: SchemaCollection,
): JsonSchema[] {
  const described: Record<string, unknown> = {}
  for (const { params } of notes)
    if (params) Object.assign(described, schemas.add(params, 'input', `${name}Params`)['properties'])
  return parameters.map((parameter) => ({
    name: parameter.name,
    in: 'path',
    required: true,
    schema: described[parameter.name] ?? {
      type: 'string',
      ...(parameter.pattern !== undefined && { pattern: parameter.pattern }),
    },
  }))
}

/** Every property of the schema for a query is a parameter; a schema that is no object describes none. */
function queryParameters(schema: JsonSchema): JsonSchema[] {
  const required = new Set((schema['required'] as string[] | undefined) ?? [])
  return Object.entries((schema['properties'] as Record<string, unknown> | undefined) ?? {}).map(
    ([name, property]) => ({
      name,
      in: 'query',
      ...(required.has(name) && { required: true }),
      schema: property,
    }),
  )
}

function requestBody(notes: readonly RouteNote[], name: string, schemas: SchemaCollection): JsonSchema | undefined {
  const bodies = notes.filter(({ body }) => body)
  if (bodies.length === 0) return undefined
  const all = bodies.map(({ body }) => schemas.add(body!, 'input', `${name}Body`))
  const schema = all.length === 1 ? all[0] : { allOf: all }
  const kinds = bodies.flatMap((note) => note.kinds ?? ['json' as const])
  return { required: true, content: Object.fromEntries(kinds.map((kind) => [contentTypes[kind], { schema }])) }
}

function responses(notes: readonly RouteNote[], name: string, schemas: SchemaCollection): JsonSchema {
  const told = Object.entries(Object.assign({}, ...notes.map((note) => note.responses)) as object)
  const result: Record<string, unknown> = {}
  if (notes.some(({ query, params }) => query ?? params)) result['400'] = problemReference
  if (notes.some(({ body }) => body))
    for (const status of ['400', '413', '415', '422']) result[status] = problemReference
  for (const [status, content] of told as [string, StandardSchemaV1 | string][])
    result[status] =
      typeof content === 'string'
        ? { description: content }
        : {
            description: reasonPhrase(Number(status)),
            content: { [contentTypes.json]: { schema: schemas.add(content, 'output', `${name}Reply${status}`) } },
          }
  return told.length > 0 ? result : { ...result, default: { description: 'The reply' } }
}

const problemReference = { $ref: '#/components/responses/Problem' }

/** What every refusal looks like (RFC 9457). */
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
