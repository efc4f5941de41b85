// What is wrong with a request, as reported by its schemas.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { ProblemError } from '../http/problem.ts'
import type { Schemas } from '../layers/route-notes.ts'

/** One problem found in a request; a member of `errors` in the reply. */
export interface ValidationIssue {
  readonly in: keyof Schemas
  /** Its place within that part, as a JSON pointer in a URI fragment (RFC 6901 §6): `#/items/0/name`. */
  readonly pointer: string
  readonly detail: string
}

/** An issue reported by a schema, with the part of the request in which it was found. */
export type FoundIssue = readonly [part: keyof Schemas, issue: StandardSchemaV1.Issue]

/** Most issues reported, and most characters of them: many problems, or one with a long name, must not make a large reply. */
const mostIssues = 50
const mostText = 16 * 1024

/** The error for an invalid request. */
export function invalid(status: number, issues: readonly FoundIssue[]): ProblemError {
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

function pointerTo(path: NonNullable<StandardSchemaV1.Issue['path']>): string {
  const keys = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment))
  return `#${keys.map((key) => `/${encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')}`
}
