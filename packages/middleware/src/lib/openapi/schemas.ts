// Schemas of any library as JSON Schema.
import { type JsonSchema, type SchemaConverter, jsonSchemaOf } from '../validation/json-schema.ts'
import type { AnySchema } from '../layers/route-notes.ts'

/** Keywords that concern the schema as a document of its own. */
const own: ReadonlySet<string> = /* @__PURE__ */ new Set(['$schema', '$id', '$defs', 'definitions'])

/** Collects the schemas of a document; the definitions inside one move into the common components. */
export class SchemaCollection {
  readonly components: Record<string, unknown> = {}
  readonly #convert: SchemaConverter | undefined

  constructor(convert: SchemaConverter | undefined) {
    this.#convert = convert
  }

  /**
   * The JSON Schema of a schema, with references into `#/components/schemas`.
   * @param name is the prefix of the names of its definitions.
   * @throws TypeError when the library cannot describe it, with the reason as its cause.
   */
  add(schema: AnySchema, side: 'input' | 'output', name: string): JsonSchema {
    let json: JsonSchema
    try {
      json = jsonSchemaOf(schema, side, this.#convert)
    } catch (cause) {
      throw new TypeError(`${name} has no JSON Schema`, { cause })
    }
    const definitions = Object.entries({ ...(json['definitions'] as object), ...(json['$defs'] as object) })
    const names = new Map(definitions.map(([key]) => [key, this.#free(`${name}.${key}`)]))
    for (const [key, definition] of definitions) this.components[names.get(key)!] = rewrite(definition, names, name)
    const root = rewrite(json, names, name) as JsonSchema
    if (!JSON.stringify(json).includes('"$ref":"#"')) return root
    this.components[name] = root
    return { $ref: `#/components/schemas/${name}` }
  }

  #free(wanted: string): string {
    const name = wanted.replace(/[^\w.-]/g, '_')
    return name in this.components ? this.#free(`${name}_`) : name
  }
}

function rewrite(value: unknown, names: ReadonlyMap<string, string>, root: string): unknown {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, names, root))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([key]) => !own.has(key))
  return Object.fromEntries(
    entries.map(([key, inner]) => [
      key,
      key === '$ref' ? reference(String(inner), names, root) : rewrite(inner, names, root),
    ]),
  )
}

function reference(ref: string, names: ReadonlyMap<string, string>, root: string): string {
  const key = /^#\/(?:\$defs|definitions)\/(.+)$/.exec(ref)?.[1]
  const name =
    ref === '#' ? root : key === undefined ? undefined : names.get(key.replaceAll('~1', '/').replaceAll('~0', '~'))
  return name === undefined ? ref : `#/components/schemas/${name}`
}
