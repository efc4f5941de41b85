// Forms and queries.
import { type Rules, type Settled, readOptions, whole } from '@spillway/core/options'
import { ProblemError } from '../http/problem.ts'

/** Fields by name, without a prototype; a name that came more than once has all its values in order. */
export type FormFields = Record<string, string | string[]>

/** How many fields a form or query may have. */
export interface FormLimits {
  /** Most fields. Default: 1000, more than any form that a person fills in. */
  readonly keys?: number | undefined
}

const formRules: Rules<Settled<FormLimits, 'keys'>> = { keys: whole(1000) }

const ampersand = 0x26

// decision 015
/**
 * Parses `application/x-www-form-urlencoded`, a form or a query. Brackets in names have no meaning and build no objects, so there
 * is no depth to limit.
 * @throws ProblemError 400 when there are too many fields, or one named `__proto__`.
 */
export function parseForm(text: string, limits: FormLimits = {}): FormFields {
  const { keys } = readOptions(formRules, limits)
  let count = text === '' ? 0 : 1
  for (let i = 0; i < text.length; i++)
    if (text.charCodeAt(i) === ampersand && ++count > keys)
      throw new ProblemError(400, 'TOO_MANY_FORM_FIELDS', { detail: `There are more than ${keys} fields` })
  const fields = Object.create(null) as FormFields
  for (const [name, value] of new URLSearchParams(text)) {
    // Assigned to another object under this name, a list would become its prototype; nobody sends it for a good reason.
    if (name === '__proto__') throw new ProblemError(400, 'FORM_INVALID', { detail: 'There is a field __proto__' })
    const known = fields[name]
    if (known === undefined) fields[name] = value
    else if (typeof known === 'string') fields[name] = [known, value]
    else known.push(value)
  }
  return fields
}
