import type { MaybePromise } from '@spillway/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { after } from '../layers/maybe-promise.ts'

type Result = StandardSchemaV1.Result<unknown>

/**
 * Validates a part of a request. In a query or form, a list with one element looks like a single value, and schemas do not say where
 * they expect a list: so a value that is not valid is tried again as a list.
 */
export function validateFields(schema: StandardSchemaV1, input: unknown): MaybePromise<Result> {
  const { validate } = schema['~standard']
  return after(validate(input), (first) => {
    if (!first.issues || !isForm(input)) return first
    // A missing value is not a list either.
    const names = Object.keys(input).filter((name) => !Array.isArray(input[name]) && isAbout(first, name))
    if (names.length === 0) return first
    const lists = Object.fromEntries(names.map((name) => [name, [input[name]]]))
    return after(validate(Object.assign(Object.create(null), input, lists)), (second) => {
      if (!second.issues) return second
      // If the list is not valid either, the problem with the single value is the one to report.
      const kept = names.filter((name) => isAbout(second, name))
      const others = second.issues.filter((issue) => !kept.includes(nameOf(issue)))
      return { issues: [...first.issues.filter((issue) => kept.includes(nameOf(issue))), ...others] }
    })
  })
}

/** Only queries and forms are parsed into objects without a prototype. */
function isForm(input: unknown): input is Record<string, unknown> {
  return typeof input === 'object' && input !== null && Object.getPrototypeOf(input) === null
}

/** Whether a result says that the whole value of this name is wrong. */
function isAbout({ issues }: Result, name: string): boolean {
  return issues!.some((issue) => issue.path?.length === 1 && nameOf(issue) === name)
}

/** The first step of the path. */
function nameOf({ path }: StandardSchemaV1.Issue): string {
  const first = path?.[0]
  return first === undefined ? '' : String(typeof first === 'object' ? first.key : first)
}
