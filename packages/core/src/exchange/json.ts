// How replies are written as JSON.
import { guarded, ignore, isThenable, kindOf } from './guarded.ts'

/**
 * What is written in the place of each value, as for `JSON.stringify`: told the object that it is in (`this`), its name there, and what it is
 * when its own `toJSON` has been asked. Undefined leaves it out.
 */
export type JsonReplacer = (this: any, key: string, value: any) => unknown

/**
 * A value as JSON.
 * @throws TypeError when it has no JSON form, with the member that has none: `items[3].id`; for a promise; and what `replacer` throws.
 */
export function jsonOf(value: unknown, replacer?: JsonReplacer): string {
  const replace = replacer && atOnce(replacer)
  let text: string | undefined
  try {
    text = JSON.stringify(value, replace)
  } catch (cause) {
    const path = bigIntIn(value, replace)
    if (path === undefined) throw cause
    throw new TypeError(`A bigint has no JSON form: ${path === '' ? 'the value' : `the member ${path}`} is one`, {
      cause,
    })
  }
  if (text === undefined) throw new TypeError(`${kindOf(value)} has no JSON form`)
  // What promises are written as. Only the beginning is looked through, because looking through long text takes as long as a part of writing it.
  if (!replace && text.slice(0, 200).includes('{}')) refusePromises(value)
  return text
}

/** @throws TypeError for a promise, or one among the members of a value: whoever wrote it meant what it resolves to. */
function refusePromises(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (isForgotten(value)) throw new TypeError('A promise has no JSON form: is an `await` missing?')
  const forgotten = Array.isArray(value) ? forgottenItem(value) : forgottenMember(value)
  if (forgotten !== undefined)
    throw new TypeError(`A promise has no JSON form: the member ${forgotten} is one. Is an \`await\` missing?`)
}

// All are looked at, because each may be rejected; and without a list of them, because every reply with an empty object comes here.

function forgottenItem(list: readonly unknown[]): number | undefined {
  let first: number | undefined
  for (let i = 0; i < list.length; i++) if (isForgotten(list[i])) first ??= i
  return first
}

function forgottenMember(value: object): string | undefined {
  let first: string | undefined
  for (const name in value)
    if (Object.hasOwn(value, name) && isForgotten((value as Record<string, unknown>)[name])) first ??= name
  return first
}

/** Whether it is a promise; it may still be rejected, which must not end the process. */
function isForgotten(value: unknown): boolean {
  if (!isThenable(value) || typeof (value as { readonly toJSON?: unknown }).toJSON === 'function') return false
  // told the value as an argument: what a function keeps for one that it makes, it keeps at every call
  guarded(itself, ignore, value)
  return true
}

const itself = (value: unknown): unknown => value

/** @throws TypeError for one that is none. A promise would be written as `{}`, and one that is rejected would end the process. */
function atOnce(replacer: JsonReplacer): JsonReplacer {
  if (typeof replacer !== 'function')
    throw new TypeError(`The replacer of c.json is a function, not ${kindOf(replacer)}`)
  return function replace(this: unknown, key, value) {
    const written = replacer.call(this, key, value)
    if (!isThenable(written)) return written
    guarded(itself, ignore, written)
    throw new TypeError('The replacer of c.json must return a value, not a promise')
  }
}

/** Where the first big integer is. What fails while it is looked at is not found. */
function bigIntIn(value: unknown, replace: JsonReplacer | undefined): string | undefined {
  const paths = new Map<unknown, string>()
  let found: string | undefined
  try {
    JSON.stringify(value, function look(this: unknown, key: string, given: unknown) {
      const member = replace ? replace.call(this, key, given) : given
      const parent = paths.get(this)
      const name = Array.isArray(this)
        ? `[${key}]`
        : /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
          ? `.${key}`
          : `[${JSON.stringify(key)}]`
      const path = parent === undefined ? '' : (parent + name).replace(/^\./, '')
      if (typeof member === 'bigint') {
        found = path
        // Stops here, because this is all that was wanted.
        throw new RangeError(path)
      }
      if (typeof member === 'object' && member !== null) paths.set(member, path)
      return member
    })
  } catch {
    // skipped, as said above
  }
  return found
}
