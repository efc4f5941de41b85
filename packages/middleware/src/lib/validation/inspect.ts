// Checks the parts of a request against their schemas.
import type { Context, MaybePromise } from '@spillway/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type ReadOptions, readBody } from '../body/content.ts'
import { parseForm } from '../body/form.ts'
import { readCookies } from '../http/request-cookies.ts'
import { type BodyKind, requestMediaType } from '../http/media-type.ts'
import { ProblemError } from '../http/problem.ts'
import { after } from '../layers/maybe-promise.ts'
import type { Schemas } from '../layers/route-notes.ts'
import { type FoundIssue, invalid } from './issues.ts'
import { validateFields } from './lists.ts'
import type { KnownSchemas } from './schema.ts'

/** How the content is read. */
export interface Reading extends ReadOptions {
  readonly kinds: readonly BodyKind[]
}

/** The parts of a head, in the order in which they are checked. */
const headParts = ['params', 'query', 'headers', 'cookies'] as const

/**
 * The schemas' results for the parts of a request; synchronous when they answer synchronously and there is no content to wait for.
 * @throws ProblemError 400 for problems in the head, and only if there are none, 422 for content; and whatever reading content throws.
 */
export function inspect(
  c: Context<any, any>,
  schemas: KnownSchemas,
  how: Reading,
): MaybePromise<Record<string, unknown>> {
  const valid: Record<string, unknown> = {}
  const issues: FoundIssue[] = []
  let head: MaybePromise<void> = undefined
  for (const part of headParts) {
    const schema = schemas[part]
    if (schema) head = after(head, () => check(part, schema, partOf(c, part, how), valid, issues))
  }
  return after(head, () => {
    if (issues.length > 0) throw invalid(400, issues)
    return schemas.body ? inspectContent(c, schemas.body, how, valid) : valid
  })
}

function partOf(c: Context<any, any>, part: (typeof headParts)[number], { keys }: Reading): unknown {
  if (part === 'params') return c.params
  if (part === 'query') return parseForm(c.search.slice(1), keys === undefined ? {} : { keys })
  return part === 'cookies' ? { ...readCookies(c) } : Object.fromEntries(fieldsOf(c))
}

function* fieldsOf({ headers }: Context<any, any>): Generator<[string, string]> {
  for (const [name] of headers) yield [name, headers.getAll(name).join(', ')]
}

async function inspectContent(
  c: Context<any, any>,
  schema: StandardSchemaV1,
  how: Reading,
  valid: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const issues: FoundIssue[] = []
  const isMissing = c.body.length === 0 && !c.body.used && takesNothing(c, how)
  await check('body', schema, isMissing ? undefined : await contentOf(c, how), valid, issues)
  if (issues.length === 0) return valid
  if (isMissing) throw new ProblemError(400, 'CONTENT_MISSING', { detail: 'The request has no content' })
  throw invalid(422, issues)
}

/** Whether missing content is valid for none of the kinds: an empty text or form, and zero bytes, would be valid. */
function takesNothing({ headers }: Context<any, any>, { kinds }: Reading): boolean {
  const type = requestMediaType(headers)
  return type === undefined ? !kinds.includes('bytes') : (type?.essence ?? '').endsWith('json')
}

async function contentOf(c: Context<any, any>, { kinds, ...how }: Reading): Promise<unknown> {
  if (c.body.used && 'body' in c.state) return (c.state as { body: unknown }).body
  return (await readBody(c, kinds, how)).value
}

function check(
  part: keyof Schemas,
  schema: StandardSchemaV1,
  input: unknown,
  valid: Record<string, unknown>,
  issues: FoundIssue[],
): MaybePromise<void> {
  return after(validateFields(schema, input), (result) => {
    if (!result.issues) valid[part] = result.value
    else for (const issue of result.issues) issues.push([part, issue])
  })
}
