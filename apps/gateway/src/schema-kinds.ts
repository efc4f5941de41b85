// The kinds of values in a configuration, each with the message for a wrong value.
import { AddressSet } from '@spillway/core'
import { nearest } from '@spillway/core/options'
import * as v from 'valibot'

type Any = v.GenericSchema

/**
 * An option that may be left out.
 * @param what it is for, as editors show it.
 * @param fallback the default, if it is a single value.
 */
export function option<const S extends Any>(
  schema: S,
  what: string,
  fallback?: unknown,
): v.OptionalSchema<S, undefined> {
  return v.optional(said(schema, what, fallback))
}

/** The same, for an option that is required. */
export function said<const S extends Any>(schema: S, what: string, fallback?: unknown): S {
  const known = v.metadata({ description: what, ...(fallback !== undefined && { default: fallback }) })
  return v.pipe(schema, known) as unknown as S
}

export const count: v.GenericSchema<number> = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(0, 'must not be negative'),
)
export const share: v.GenericSchema<number> = v.pipe(
  v.number('must be a number'),
  v.minValue(0, 'must be between 0 and 1'),
  v.maxValue(1, 'must be between 0 and 1'),
)
export const positive: v.GenericSchema<number> = v.pipe(
  v.number('must be a number'),
  v.gtValue(0, 'must be greater than 0'),
)
/** A whole number from 1 up. */
export const times: v.GenericSchema<number> = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(1, 'must be at least 1'),
)
/** Milliseconds that a timer can wait. */
export const milliseconds: v.GenericSchema<number> = v.pipe(
  v.number('must be a number of milliseconds'),
  v.integer('must be a whole number of milliseconds'),
  v.minValue(0, 'must not be negative'),
  v.maxValue(2 ** 31 - 1, 'must be at most 24 days'),
)
export const port: v.GenericSchema<number> = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(0, 'must not be negative'),
  v.maxValue(65_535, 'must be a port'),
)
export const text: v.GenericSchema<string> = v.pipe(v.string('must be a string'), v.nonEmpty('must not be empty'))
export const flag: v.GenericSchema<boolean> = v.boolean('must be true or false')
export const addresses: v.GenericSchema<string[]> = v.array(
  made((entry) => new AddressSet([entry])),
  'must be a list of addresses and networks',
)
export const path: v.GenericSchema<string> = v.pipe(text, v.regex(/^\/[!-~]*$/, 'must begin with a slash: /healthz'))

export const fieldName: v.GenericSchema<string> = v.pipe(
  v.string('must be a string'),
  v.regex(/^[!#$%&'*+\-.^_`|~\da-zA-Z]+$/, 'must be the name of a field'),
)
const fieldValue = v.pipe(v.string('must be a string'), v.regex(/^[^\0\r\n]*$/, 'must be one line'))
export const fields: v.GenericSchema<Record<string, string>> = v.record(fieldName, fieldValue)

/** Fields that the gateway writes itself: those of framing and of the connection, and Host. */
const framing = /^(?:connection|content-length|expect|host|keep-alive|te|transfer-encoding|upgrade)$/i
const sentName = v.pipe(
  fieldName,
  v.check(
    (name) => !framing.test(name),
    ({ input }) => `is written by the gateway${/^host$/i.test(input) ? ': use "host"' : ''}`,
  ),
)
/** Fields of a forwarded request. */
export const sentFields: v.GenericSchema<Record<string, string>> = v.record(sentName, fieldValue)
export const errorPages: v.GenericSchema<Record<string, string>> = v.record(
  v.pipe(v.string(), v.regex(/^[45](?:\d\d|xx)$/, 'must be a status, or "4xx" or "5xx"')),
  text,
)

/** Statuses that count as failures of a server. */
export const statuses: v.GenericSchema<number[]> = v.array(
  v.pipe(
    v.number('must be a number'),
    v.integer('must be a status'),
    v.minValue(400, 'must be a status from 400 to 599'),
    v.maxValue(599, 'must be a status from 400 to 599'),
  ),
  'must be a list of statuses',
)

/** A text from which something can be made without an error. */
export function made(
  make: (given: string) => unknown,
  schema: v.GenericSchema<string> = text,
): v.GenericSchema<string> {
  return v.pipe(
    schema,
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return
      try {
        make(dataset.value)
      } catch (error) {
        addIssue({ message: `: ${(error as Error).message}` })
      }
    }),
  )
}

/** One of these texts. */
export function oneOf<const T extends string>(...values: readonly T[]): v.GenericSchema<T> {
  return v.picklist(values, ({ input }) => mustBe(values, input))
}

/** @param more further values that are allowed. */
export function mustBe(values: readonly string[], input: unknown, more: string = ''): string {
  const quoted = values.map((value) => `"${value}"`)
  const near = typeof input === 'string' ? nearest(input, values) : undefined
  const advice = near === undefined ? '' : `: did you mean "${near}"?`
  return `must be ${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}${more}${advice}`
}
