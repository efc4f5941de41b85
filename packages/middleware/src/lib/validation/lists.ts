import type { MaybePromise } from '@spillway/core'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { after } from '../layers/maybe-promise.ts'

type Result = StandardSchemaV1.Result<unknown>

/**
 * Validates a part of a request. In a query or form a list of one looks like its one value, and schemas do not say where
 * they want a list: so what is wrong as it is is tried as a list.
 */
export function validateFields(schema: StandardSchemaV1, input: unknown): MaybePromise<Result> {
  const { validate } = schema['~standard']
  return after(validate(input), (first) => {
    if (!first.issues || !isForm(input)) return first
    // What is not there at all is no list either.
    const names = Object.keys(input).filter((name) => !Array.isArray(input[name]) && isAbout(first, name))
    if (names.length === 0) return first
    const lists = Object.fromEntries(names.map((name) => [name, [input[name]]]))
    return after(validate(Object.assign(Object.create(null), input, lists)), (second) => {
      if (!second.issues) return second
      // Where a list is not right either, what was wrong with the value is the thing to tell.
      const kept = names.filter((name) => isAbout(second, name))
      const others = second.issues.filter((issue) => !kept.includes(nameOf(issue)))
      return { issues: [...first.issues.filter((issue) => kept.includes(nameOf(issue))), ...others] }
    })
  })
}

/** Queries and forms alone are read into objects without a prototype. */
function isForm(input: unknown): input is Record<string, unknown> {
  return typeof input === 'object' && input !== null && Object.getPrototypeOf(input) === null
}

/** Whether a result says that the value of this name as a whole is wrong. */
function isAbout({ issues }: Result, name: string): boolean {
  return issues!.some((issue) => issue.path?.length === 1 && nameOf(issue) === name)
}

/** The first step of the path. */
function nameOf({ path }: StandardSchemaV1.Issue): string {
  const first = path?.[0]
  return first === undefined ? '' : String(typeof first === 'object' ? first.key : first)
}
