/**
 * A value as JSON.
 * @throws TypeError when it has no JSON form; the message names the member at fault: `items[3].id`.
 */
export function jsonOf(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (cause) {
    const path = bigIntIn(value)
    if (path === undefined) throw cause
    throw new TypeError(`A bigint has no JSON form: ${path === '' ? 'the value' : `the member ${path}`} is one`, {
      cause,
    })
  }
  if (text === undefined) throw new TypeError(`A ${typeof value} has no JSON form`)
  return text
}

/** The path of the first big integer. Values that throw when they are inspected are skipped. */
function bigIntIn(value: unknown): string | undefined {
  const paths = new Map<unknown, string>()
  let found: string | undefined
  try {
    JSON.stringify(value, function look(this: unknown, key: string, member: unknown) {
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
