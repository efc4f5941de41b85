import { type Rules, type Settled, choice, list, readOptions } from '@spillway/core/options'
import type { Context } from '@spillway/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type ReadOptions, readBody, readRules } from './lib/body/content.ts'
import type { BodyKind } from './lib/http/media-type.ts'
import { parseForm } from './lib/body/form.ts'
import { refusal } from './lib/http/refusal.ts'
import { note } from './lib/layers/route-notes.ts'
import type { Middleware } from './lib/layers/types.ts'
import { ProblemError } from './problem.ts'

/** What parts of a request must be: a schema of any library that speaks Standard Schema for each part. */
export interface Schemas {
  /** The content, as {@link ValidateOptions.kinds} reads it. */
  readonly body?: StandardSchemaV1
  /** The query as fields by name, each a text, or a list of texts when it came more than once. */
  readonly query?: StandardSchemaV1
  /** The parameters of the path, each a text. */
  readonly params?: StandardSchemaV1
}

/** What the schemas make of the parts of a request. */
export type Valid<S extends Schemas> = {
  readonly [Part in keyof S]: S[Part] extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S[Part]> : never
}

/** Options of {@link validate}. */
export interface ValidateOptions extends ReadOptions {
  /** What content is read as, when no `body()` in front has read it. Default: `['json']`. */
  readonly kinds?: readonly BodyKind[]
}

const rules: Rules<Settled<ValidateOptions, 'kinds'>> = {
  ...readRules,
  kinds: list(choice<BodyKind>(['json', 'urlencoded', 'text', 'bytes'], 'json'), ['json']),
}

/** One thing that is wrong with a request; a member of `errors` in the problem. */
export interface ValidationIssue {
  readonly in: keyof Schemas
  /** Where it is within that part, as a JSON pointer in a URI fragment (RFC 6901 §6): `#/items/0/name`. */
  readonly pointer: string
  readonly detail: string
}

/** Issues told at most, and characters of them: many wrong things, or one of a long name, must not make a large reply. */
const mostIssues = 50
const mostText = 16 * 1024

/**
 * Lets only valid requests pass, and puts what the schemas made of them into `c.state.valid`: coerced, defaulted and typed.
 * Path and query are checked first; only if they are valid is the content read. What is not valid is answered with a
 * problem whose `errors` say where and why: 400 for path and query, 422 for content (RFC 9110 §15.5.21, RFC 9457 §3).
 * Content that cannot be read is answered as `body` does. Several layers add up.
 */
export function validate<const S extends Schemas>(
  schemas: S,
  options: ValidateOptions = {},
): Middleware<{ valid: Valid<S> }> {
  const { kinds, ...how } = readOptions(rules, options)
  const middleware: Middleware<{ valid: Valid<S> }> = async (c, next) => {
    const state = c.state as { valid?: object }
    try {
      state.valid = { ...state.valid, ...(await inspect(c, schemas, kinds, how)) }
    } catch (error) {
      return refusal(error)
    }
    return next()
  }
  return note(middleware, [{ ...schemas, ...(schemas.body && { kinds }) }])
}

/** An issue as a schema tells it, with the part of the request that it was found in. */
type FoundIssue = readonly [part: keyof Schemas, issue: StandardSchemaV1.Issue]

async function inspect(
  c: Context<any, any>,
  schemas: Schemas,
  kinds: readonly BodyKind[],
  options: ReadOptions,
): Promise<Record<string, unknown>> {
  const valid: Record<string, unknown> = {}
  const issues: FoundIssue[] = []
  if (schemas.params) await check('params', schemas.params, c.params, valid, issues)
  if (schemas.query)
    await check(
      'query',
      schemas.query,
      parseForm(c.search.slice(1), options.keys === undefined ? {} : { keys: options.keys }),
      valid,
      issues,
    )
  if (issues.length > 0) throw invalid(400, issues)
  if (schemas.body) await check('body', schemas.body, await contentOf(c, kinds, options), valid, issues)
  if (issues.length > 0) throw invalid(422, issues)
  return valid
}

async function contentOf(c: Context<any, any>, kinds: readonly BodyKind[], options: ReadOptions): Promise<unknown> {
  if (c.body.used && 'body' in c.state) return (c.state as { body: unknown }).body
  return (await readBody(c, kinds, options)).value
}

async function check(
  part: keyof Schemas,
  schema: StandardSchemaV1,
  input: unknown,
  valid: Record<string, unknown>,
  issues: FoundIssue[],
): Promise<void> {
  const result = await schema['~standard'].validate(input)
  if (!result.issues) valid[part] = result.value
  else for (const issue of result.issues.slice(0, mostIssues)) issues.push([part, issue])
}

function pointerTo(path: NonNullable<StandardSchemaV1.Issue['path']>): string {
  const keys = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment))
  return `#${keys.map((key) => `/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')}`
}

function invalid(status: number, issues: readonly FoundIssue[]): ProblemError {
  const errors: ValidationIssue[] = []
  let size = 0
  for (const [part, { message, path = [] }] of issues.slice(0, mostIssues)) {
    const issue = { in: part, pointer: pointerTo(path), detail: message }
    size += issue.pointer.length + issue.detail.length
    if (size > mostText) break
    errors.push(issue)
  }
  return new ProblemError(status, 'INVALID', { detail: 'The request is not valid', errors })
}
