import { type Rules, readOptions, whole } from '@spillway/core/options'
import { ProblemError } from '../http/problem.ts'

/** How much structure JSON may have. */
export interface JsonLimits {
  /** Most arrays and objects within each other. Default: 64; code that walks a value mostly recurses. */
  readonly depth?: number
  /** Most members of all objects together. Default: 100000, more than any honest document of 1 MiB has. */
  readonly keys?: number
}

export const jsonRules: Rules<Required<JsonLimits>> = {
  depth: whole(64, { from: 1 }),
  keys: whole(100_000),
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads JSON (RFC 8259). A member named `__proto__` is refused: copied into another object it would change that one's
 * prototype, and nobody sends it for a good reason.
 * @throws ProblemError 400 when it is not JSON, not UTF-8, too deep, or has too many members.
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = {}): unknown {
  const { depth, keys } = readOptions(jsonRules, limits)
  checkStructure(bytes, depth, keys)
  let value: unknown
  let text: string
  try {
    text = utf8.decode(bytes)
    value = JSON.parse(text)
  } catch (cause) {
    throw invalid('The content is not valid JSON', cause)
  }
  // What does not have the name, not even escaped, needs no walk.
  if ((text.includes('__proto__') || text.includes('\\u00')) && hasProto(value))
    throw invalid('The content has a member __proto__')
  return value
}

const [quote, comma, colon] = [0x22, 0x2c, 0x3a]
const [openArray, closeArray, openObject, closeObject, backslash] = [0x5b, 0x5d, 0x7b, 0x7d, 0x5c]

/** One pass over the bytes, in front of the parser: what it refuses is never built. Says nothing of the grammar. */
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

/** Recursion is safe: the depth was checked. */
function hasProto(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasProto)
}

function invalid(detail: string, cause?: unknown): ProblemError {
  return new ProblemError(400, 'JSON_INVALID', { detail }, cause)
}
