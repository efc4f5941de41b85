// A description of all routes (OpenAPI 3.1), made from the routes themselves.
import { createHash } from 'node:crypto'
import type { Handler } from '@spillway/core'
import { type Rules, callback, list, optional, readOptions, required, thing } from '@spillway/core/options'
import { operationOf, problemResponse } from './lib/openapi/operation.ts'
import { pageOf, pageScript, pageStyle } from './lib/openapi/page.ts'
import { type PathTemplate, templatesOf } from './lib/openapi/paths.ts'
import { SchemaCollection } from './lib/openapi/schemas.ts'
import { SecuritySchemes } from './lib/openapi/security.ts'
import type { SchemaConverter } from './lib/validation/json-schema.ts'
import { atOnce } from './lib/layers/at-once.ts'
import { type RouteNote, note } from './lib/layers/route-notes.ts'
import type { RouteInfo } from './lib/router/types.ts'
import type { Middleware } from './lib/layers/types.ts'

export type { JsonSchema, SchemaConverter } from './lib/validation/json-schema.ts'
export type { Gives, GivenContent, RouteNote, SecurityScheme } from './lib/layers/route-notes.ts'

/** What describes an API as a whole. */
export interface OpenApiOptions {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  /** Where the API answers. Default: the host that serves the document. */
  readonly servers?: readonly { readonly url: string; readonly description?: string }[]
  /**
   * Converts schemas to JSON Schema where they cannot do so themselves, as those of zod and arktype can. For valibot:
   * `(schema) => toJsonSchema(schema as GenericSchema)` of `@valibot/to-json-schema`.
   */
  readonly toJsonSchema?: SchemaConverter
}

const rules: Rules<OpenApiOptions> = {
  info: required(thing<OpenApiOptions['info']>()),
  servers: optional(list(required(thing<{ readonly url: string }>()))),
  toJsonSchema: callback(),
}

/** An OpenAPI 3.1 document; `JSON.stringify` writes it. */
export interface OpenApiDocument {
  readonly openapi: string
  readonly info: OpenApiOptions['info']
  readonly servers?: OpenApiOptions['servers']
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** The methods that OpenAPI can describe. */
const methods: ReadonlySet<string> = /* @__PURE__ */ new Set('get put post delete options head patch trace'.split(' '))
/** The methods listed for a route of every method. */
const everyMethod = ['get', 'put', 'post', 'delete', 'patch']

/**
 * Describes the existing routes as an OpenAPI 3.1 document: their contracts, the schemas given to `validate`, what guards ask
 * for, and what {@link describe} says. Routes without any of these are listed, too; routes of a single host, and of methods
 * that OpenAPI does not know, are not. Call it after all routes that it should list have been registered.
 * @throws TypeError when a schema has no JSON form.
 */
export function openApi(app: { routes(): readonly RouteInfo[] }, options: OpenApiOptions): OpenApiDocument {
  const { info, servers, toJsonSchema } = readOptions(rules, options)
  const schemas = new SchemaCollection(toJsonSchema)
  const paths = new PathItems()
  const ids = new Set<string>()
  const schemes = new SecuritySchemes()
  for (const { method, pattern, host, notes = [] } of atOnce(app.routes(), '`routes`')) {
    if (host !== undefined) continue
    const names = method === '*' ? everyMethod : [method.toLowerCase()].filter((name) => methods.has(name))
    for (const template of names.length === 0 ? [] : templatesOf(pattern)) {
      const { path, labels, item } = paths.at(template)
      for (const name of names) {
        if (name in item) continue
        const title = nameOf(name, path)
        const { operationId = title[0]!.toLowerCase() + title.slice(1) } = Object.assign({}, ...notes) as RouteNote
        const operation = operationOf(notes, template, labels, title, schemas, schemes)
        item[name] = { operationId: free(operationId, ids), ...operation }
      }
    }
  }
  const components = {
    schemas: schemas.components,
    responses: { Problem: problemResponse },
    ...(Object.keys(schemes.components).length > 0 && { securitySchemes: schemes.components }),
  }
  return { openapi: '3.1.1', info, ...(servers && { servers }), paths: paths.all, components }
}

/**
 * The paths of a document. Paths that differ only in the names of their parameters become one, with the names that came first
 * (OpenAPI 3.1.1 §4.8.8.1).
 */
class PathItems {
  readonly all: Record<string, Record<string, unknown>> = {}
  readonly #labels: Map<string, readonly string[]> = new Map()

  at({ texts, parameters }: PathTemplate): { path: string; labels: readonly string[]; item: Record<string, unknown> } {
    const shape = texts.join('{}')
    const labels = this.#labels.get(shape) ?? parameters.map(({ label }) => label)
    this.#labels.set(shape, labels)
    const path = texts.map((text, i) => (i === 0 ? text : `{${labels[i - 1]!}}${text}`)).join('')
    return { path, labels, item: (this.all[path] ??= {}) }
  }
}

function free(wanted: string, taken: Set<string>): string {
  let name = wanted
  for (let i = 2; taken.has(name); i++) name = `${wanted}${i}`
  taken.add(name)
  return name
}

/** Describes the routes behind it, for {@link openApi}; it does nothing to requests. */
export function describe(told: RouteNote): Middleware {
  return note<Middleware>((_, next) => next(), [told])
}

/**
 * A page for reading an API and trying it: it lists the operations of a document and sends requests with `fetch`. The page is
 * self-contained, asks no other host for anything, and has a strict Content-Security-Policy that enforces this.
 * @param url where the document is, relative to the page.
 */
export function apiPage(url: string): Handler {
  const page = pageOf(url)
  const policy = [
    `default-src 'none'`,
    `script-src ${hashOf(pageScript)}`,
    `style-src ${hashOf(pageStyle)}`,
    `connect-src 'self'`,
    `base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'`,
  ]
  const headers = {
    'Content-Security-Policy': policy.join('; '),
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-cache',
  }
  return (c) => c.html(page, { headers })
}

function hashOf(source: string): string {
  return `'sha256-${createHash('sha256').update(source).digest('base64')}'`
}

/** `PostBooksId` for `post /books/{id}`. */
function nameOf(method: string, path: string): string {
  return [method, ...path.split(/\W+/)].map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')
}
