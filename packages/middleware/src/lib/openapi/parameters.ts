import type { RouteNote } from '../layers/route-notes.ts'
import type { PathTemplate } from './paths.ts'
import type { JsonSchema } from '../validation/json-schema.ts'
import type { SchemaCollection } from './schemas.ts'

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header' | 'cookie'
  readonly required?: true
  readonly schema: unknown
}

const places = { query: 'query', headers: 'header', cookies: 'cookie' } as const

/** Fields that are described elsewhere in the document (OpenAPI 3.1.1 §4.8.12). */
const described = /^(?:accept|content-type|authorization)$/i

/**
 * The parameters of an operation: those of the path, and every property of the schemas for query, fields and cookies, each
 * once, however many layers check it.
 * @param labels the names of the path's parameters in the document.
 */
export function parametersOf(
  notes: readonly RouteNote[],
  { parameters }: PathTemplate,
  labels: readonly string[],
  name: string,
  schemas: SchemaCollection,
): JsonSchema[] {
  const found = new Map<string, Parameter>()
  const add = (parameter: Parameter): void => {
    const key = `${parameter.in} ${parameter.name}`
    const known = found.get(key)
    found.set(key, known ? { ...known, ...parameter, schema: both(known.schema, parameter.schema) } : parameter)
  }
  const checked = new Map<string, unknown>()
  for (const { params } of notes)
    if (params)
      for (const [key, schema] of propertiesOf(schemas.add(params, 'input', `${name}Params`), schemas))
        checked.set(key, both(checked.get(key), schema.schema))
  for (const [i, parameter] of parameters.entries()) {
    const { pattern } = parameter
    const schema = checked.get(parameter.name) ?? { type: 'string', ...(pattern !== undefined && { pattern }) }
    add({ name: labels[i]!, in: 'path', required: true, schema })
  }
  for (const note of notes)
    for (const [part, place] of Object.entries(places) as [keyof typeof places, Parameter['in']][]) {
      const schema = note[part]
      if (!schema) continue
      const properties = propertiesOf(
        schemas.add(schema, 'input', `${name}${part[0]!.toUpperCase()}${part.slice(1)}`),
        schemas,
      )
      for (const [key, { required, schema: own }] of properties)
        if (place !== 'header' || !described.test(key))
          add({ name: key, in: place, ...(required && { required }), schema: own })
    }
  return [...found.values()] as unknown as JsonSchema[]
}

function both(known: unknown, added: unknown): unknown {
  if (known === undefined || JSON.stringify(known) === JSON.stringify(added)) return added
  return { allOf: [known, added] }
}

interface Property {
  readonly schema: unknown
  readonly required: boolean
}

/** The properties of a schema, including those of the schemas it is composed of; a schema that is not an object has none. */
function propertiesOf(schema: JsonSchema, schemas: SchemaCollection): Map<string, Property> {
  const found = new Map<string, Property>()
  const add = (key: string, property: Property): void => {
    const known = found.get(key)
    const required = property.required || (known?.required ?? false)
    found.set(key, { schema: both(known?.schema, property.schema), required })
  }
  const { $ref, allOf = [], anyOf = [], oneOf = [], properties = {}, required = [] } = schema as SchemaOfObject
  const referred = typeof $ref === 'string' ? schemas.components[$ref.split('/').at(-1)!] : undefined
  for (const part of [...allOf, ...(referred ? [referred as JsonSchema] : [])])
    for (const [key, property] of propertiesOf(part, schemas)) add(key, property)
  // Of alternatives, no property is required in every case.
  for (const part of [...anyOf, ...oneOf])
    for (const [key, property] of propertiesOf(part, schemas))
      if (!found.has(key)) add(key, { ...property, required: false })
  for (const [key, own] of Object.entries(properties)) add(key, { schema: own, required: required.includes(key) })
  return found
}

interface SchemaOfObject {
  readonly $ref?: unknown
  readonly allOf?: readonly JsonSchema[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, unknown>>
  readonly required?: readonly string[]
}
