/** What the type of data says about a value that JSON does not preserve. */
export interface NotKept<T> {
  readonly 'sessions are kept as JSON, and this does not come back from it': T
}

/** A type of data as it comes back from JSON: the same, or {@link NotKept} for dates, maps, big integers and other such values. */
export type JsonForm<T> = 0 extends 1 & T
  ? T
  : T extends string | number | boolean | null | undefined
    ? T
    : T extends
          | bigint
          | symbol
          | ((...args: never[]) => unknown)
          | { toJSON(...args: never[]): unknown }
          | ReadonlyMap<unknown, unknown>
          | ReadonlySet<unknown>
          | ArrayBufferView
          | ArrayBuffer
          | RegExp
      ? NotKept<T>
      : T extends object
        ? { [K in keyof T]: JsonForm<T[K]> }
        : T

/**
 * Data as JSON.
 * @throws TypeError, with the name of the member, for data that JSON would change.
 */
export function writeData(data: unknown): string {
  if (!isPlain(data) || Array.isArray(data)) throw new TypeError("A session's data is an object")
  return JSON.stringify(data, function check(this: Record<string, unknown>, key, written: unknown) {
    const value = this[key]
    const name = nameOf(value)
    if (name !== undefined)
      throw new TypeError(`A session's data is kept as JSON: \`${key}\` is ${name}, which does not come back from it`)
    return written
  })
}

/** The kind of a value that JSON would change; undefined for one that it preserves. Undefined values are left out. */
function nameOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? undefined : String(value)
    case 'bigint':
    case 'function':
    case 'symbol':
      return `a ${typeof value}`
    case 'object':
      return value === null || isPlain(value) ? undefined : `a ${(value.constructor as { name?: string }).name}`
    default:
      return undefined
  }
}

function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value) as object | null
  return prototype === null || Array.isArray(value) || Object.getPrototypeOf(prototype) === null
}

/**
 * The data to save when a request has changed `base` to `changed`, while other requests may have changed it to `current`: theirs
 * wherever this one changed nothing. All three are JSON of objects.
 */
export function mergeData(current: string, base: string, changed: string): string {
  if (current === base) return changed
  const [theirs, before, ours] = [current, base, changed].map(membersOf) as [Members, Members, Members]
  for (const name of new Set([...before.keys(), ...ours.keys()])) {
    if (JSON.stringify(before.get(name)) === JSON.stringify(ours.get(name))) continue
    if (ours.has(name)) theirs.set(name, ours.get(name))
    else theirs.delete(name)
  }
  return JSON.stringify(Object.fromEntries(theirs))
}

type Members = Map<string, unknown>

function membersOf(json: string): Members {
  return new Map(Object.entries(JSON.parse(json) as object))
}
