// What is said to those whose handler returned no reply: what came, and what was meant, probably.
import { kindOf } from './guarded.ts'
import { isBytes, isStream } from './source.ts'

/** Says what a value is, that it is not a reply, and what would be one. */
export function wrongResult(value: unknown): string {
  return `${kindOf(value)}: neither a Reply nor a Response. ${adviceFor(value)}`
}

function adviceFor(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'A handler answers by what it returns: is a `return` missing?'
    case 'string':
      return 'Text is returned as c.text(…) or c.html(…).'
    case 'number':
      return 'A status alone is returned as c.empty(…), a number as c.json(…).'
    case 'function':
      return 'Was it meant to be called?'
    case 'object':
      return adviceForObject(value)
    default:
      return 'Values are returned as c.json(…).'
  }
}

function adviceForObject(value: object | null): string {
  if (value === null) return 'A reply without content is c.empty().'
  if (value instanceof Error) return 'An error is thrown, not returned.'
  if (isBytes(value)) return 'Bytes are returned as new Reply(…).'
  if (isStream(value)) return 'A stream is returned as c.stream(…).'
  const { setHeader, then } = value as { readonly [name: string]: unknown }
  if (typeof setHeader === 'function')
    return 'Nothing writes to a response here; handlers for node:http and Express run behind connect of @spillway/middleware.'
  if (typeof then === 'function') return 'Its promise was not waited for.'
  return 'Values are returned as c.json(…).'
}
