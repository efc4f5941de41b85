import { createHash } from 'node:crypto'
import type { Handler } from '@spillway/core'
import { type Rules, callback, readOptions, required, thing } from '@spillway/core/options'
import { operationOf, problemResponse } from './lib/openapi/operation.ts'
import { pageOf, pageScript, pageStyle } from './lib/openapi/page.ts'
import { templatesOf } from './lib/openapi/paths.ts'
import { type SchemaConverter, SchemaCollection } from './lib/openapi/schemas.ts'
import { atOnce } from './lib/layers/at-once.ts'
import { type RouteNote, note } from './lib/layers/route-notes.ts'
import type { RouteInfo } from './lib/router/types.ts'
import type { Middleware } from './lib/layers/types.ts'

export type { JsonSchema, SchemaConverter } from './lib/openapi/schemas.ts'
export type { RouteNote } from './lib/layers/route-notes.ts'

/** What is told about an API as a whole. */
export interface OpenApiOptions {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string }
  /**
   * Turns schemas into JSON Schema where they cannot do so themselves; zod's and arktype's can. For valibot:
   * `(schema) => toJsonSchema(schema as GenericSchema)` of `@valibot/to-json-schema`.
   */
  readonly toJsonSchema?: SchemaConverter
}

const rules: Rules<OpenApiOptions> = { info: required(thing<OpenApiOptions['info']>()), toJsonSchema: callback() }

/** An OpenAPI 3.1 document; `JSON.stringify` writes it. */
export interface OpenApiDocument {
  readonly openapi: string
  readonly info: OpenApiOptions['info']
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** The methods that OpenAPI has a place for. */
const methods: ReadonlySet<string> = /* @__PURE__ */ new Set('get put post delete options head patch trace'.split(' '))
/** What stands for a route of every method. */
const everyMethod = ['get', 'put', 'post', 'delete', 'patch']

/**
 * Describes the routes there are as an OpenAPI 3.1 document: parameters from the patterns, the schemas given to `validate`,
 * and what {@link describe} says. Routes without any are listed, too; those of a single host and of other methods than
 * OpenAPI knows are not. Call it when all routes that it should list are there.
 * @throws TypeError when a schema has no JSON form.
 */
export function openApi(app: { routes(): readonly RouteInfo[] }, options: OpenApiOptions): OpenApiDocument {
  const { info, toJsonSchema } = readOptions(rules, options)
  const schemas = new SchemaCollection(toJsonSchema)
  const paths: Record<string, Record<string, unknown>> = {}
  for (const { method, pattern, host, notes = [] } of atOnce(app.routes(), '`routes`')) {
    if (host !== undefined) continue
    const names = method === '*' ? everyMethod : [method.toLowerCase()].filter((name) => methods.has(name))
    for (const template of templatesOf(pattern))
      for (const name of names)
        (paths[template.path] ??= {})[name] ??= operationOf(notes, template, nameOf(name, template.path), schemas)
  }
  const components = { schemas: schemas.components, responses: { Problem: problemResponse } }
  return { openapi: '3.1.1', info, paths, components }
}

/** Says something about the routes behind it, for {@link openApi}; it does nothing to requests. */
export function describe(told: RouteNote): Middleware {
  return note<Middleware>((_, next) => next(), [told])
}

/**
 * A page to read an API and try it: lists the operations of a document and sends requests with `fetch`. It is one piece,
 * asks no other host for anything, and a strict Content-Security-Policy holds it to that.
 * @param url where the document is, seen from the page.
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
