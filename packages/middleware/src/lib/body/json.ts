// JSON from untrusted clients.
import { type Rules, type Settled, callback, readOptions, whole } from '@spillway/core/options'
import { ProblemError } from '../http/problem.ts'
import { atOnce } from '../layers/at-once.ts'

/** How much structure JSON may have, and how its values are converted. */
export interface JsonLimits {
  /** Most levels of nested arrays and objects. Default: 64, because code that walks a value is usually recursive. */
  readonly depth?: number | undefined
  /** Most members of all objects together. Default: 100000, more than an honest document of 1 MiB has. */
  readonly keys?: number | undefined
  /** Converts each value, like the reviver of `JSON.parse`; what it throws counts as the application's error. Default: none. */
  readonly reviver?: ((this: unknown, key: string, value: unknown) => unknown) | undefined
}

export const jsonRules: Rules<Settled<JsonLimits, 'depth' | 'keys'>> = {
  depth: whole(64, { from: 1 }),
  keys: whole(100_000),
  reviver: callback(),
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Parses JSON (RFC 8259). A member named `__proto__` is refused, and so is `prototype` inside `constructor`: copied into another object
 * they would change its prototype, or that of all objects, and nobody sends them for a good reason.
 * @throws ProblemError 400 when it is not JSON, not UTF-8, nested too deeply, or has too many members.
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = {}): unknown {
  const { depth, keys, reviver } = readOptions(jsonRules, limits)
  checkStructure(bytes, depth, keys)
  let value: unknown
  let text: string
  try {
    text = utf8.decode(bytes)
    value = JSON.parse(text)
  } catch (cause) {
    throw invalid('The content is not valid JSON', cause)
  }
  // Text without these names, not even escaped, need not be searched.
  if (suspicious.test(text) && reachesPrototypes(value))
    throw invalid('The content has a member that means a prototype')
  // Parsed again with the reviver, so that its errors are not mistaken for malformed content.
  return reviver ? revived(text, reviver) : value
}

function revived(text: string, reviver: NonNullable<JsonLimits['reviver']>): unknown {
  return JSON.parse(text, function revive(this: unknown, key: string, value: unknown) {
    return atOnce(reviver.call(this, key, value), '`reviver`')
  }) as unknown
}

const suspicious = /__proto__|constructor|\\u00/

const [quote, comma, colon] = [0x22, 0x2c, 0x3a]
const [openArray, closeArray, openObject, closeObject, backslash] = [0x5b, 0x5d, 0x7b, 0x7d, 0x5c]

/** One pass over the bytes before they are parsed, so that a structure which is refused is never built. It does not check the grammar. */
function checkStructure(bytes: Uint8Array, depth: number, keys: number): void {
  let level = 0
  let members = 0
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i]!
    if (c <= comma) {
      if (c === quote) i = endOfString(bytes, i)
    } else if (c === colon) {
      if (++members > keys) throw invalid(`The content has more than ${keys} members`)
    } else if (c === openObject || c === openArray) {
      if (++level > depth) throw invalid(`The content is nested more than ${depth} levels deep`)
    } else if (c === closeObject || c === closeArray) level--
  }
}

function endOfString(bytes: Uint8Array, start: number): number {
  let i = start + 1
  while (i < bytes.length && bytes[i] !== quote) i += bytes[i] === backslash ? 2 : 1
  return i
}

/** Recursion is safe, because the depth has been checked. */
function reachesPrototypes(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (Object.hasOwn(value, '__proto__')) return true
  const { constructor } = value as { readonly constructor?: unknown }
  const isObject = typeof constructor === 'object' && constructor !== null
  return (isObject && Object.hasOwn(constructor, 'prototype')) || Object.values(value).some(reachesPrototypes)
}

function invalid(detail: string, cause?: unknown): ProblemError {
  return new ProblemError(400, 'JSON_INVALID', { detail }, cause)
}
