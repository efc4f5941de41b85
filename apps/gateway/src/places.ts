// Where in a configuration file a value is.
type Place = readonly (string | number)[]

/** What valibot's schemas may have inside. */
interface Inside {
  readonly wrapped?: Inside
  readonly options?: readonly Inside[]
  readonly entries?: Readonly<Record<string, Inside>>
  readonly item?: Inside
  readonly value?: Inside
}

/** The names that an object at this place may have, by the schema. */
export function namesAt(schema: object, place: Place): string[] {
  let all = forms(schema)
  for (const key of place)
    all = all.flatMap(({ entries, item, value }) =>
      [entries?.[key] ?? [], item ?? [], value ?? []].flat().flatMap(forms),
    )
  return all.flatMap(({ entries }) => Object.keys(entries ?? {}))
}

/** A schema without what is around it, and each of those it may be. */
function forms(schema: Inside): Inside[] {
  if (schema.wrapped) return forms(schema.wrapped)
  return Array.isArray(schema.options) && typeof schema.options[0] === 'object'
    ? schema.options.flatMap(forms)
    : [schema]
}

/** The line of a text of JSON in which the value at this place begins, from 1; of what is missing, that of what it should be in. */
export function lineOf(source: string, place: Place): number {
  const tokens = source.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)
  const wanted = JSON.stringify(place)
  let nearest = 0
  let depth = -1
  let key: string | undefined
  const path: (string | number)[] = []
  for (const { 0: token, index } of tokens) {
    if (token === ':') continue
    if (token === ',') {
      const at = path[depth]
      if (typeof at === 'number') path[depth] = at + 1
      else key = undefined
      continue
    }
    if (token === '}' || token === ']') {
      path.length = depth--
      key = ''
      continue
    }
    // The name of a member, in front of its value.
    if (depth >= 0 && typeof path[depth] === 'string' && key === undefined) {
      path[depth] = key = JSON.parse(token) as string
      if (isWithin(wanted, path)) nearest = index
      continue
    }
    if (isWithin(wanted, path)) nearest = Math.max(nearest, index)
    if (token === '{' || token === '[') {
      path[++depth] = token === '[' ? 0 : ''
      key = undefined
    }
  }
  return source.slice(0, nearest).split('\n').length
}

/** Whether a place is the wanted one, or on the way to it. */
function isWithin(wanted: string, path: Place): boolean {
  const text = JSON.stringify(path)
  return text === wanted || wanted.startsWith(`${text.slice(0, -1)},`) || path.length === 0
}

/** The line in which a text stops to be JSON. The platform tells where for some mistakes only, so it is asked about parts. */
export function lineOfBreak(source: string): number {
  let good = 0
  let bad = source.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (isBroken(source.slice(0, middle))) bad = middle
    else good = middle
  }
  return source.slice(0, bad).split('\n').length
}

/** Whether no continuation could make it JSON. */
function isBroken(text: string): boolean {
  try {
    JSON.parse(text)
    return false
  } catch (error) {
    const { message } = error as Error
    if (/end of JSON|Unterminated/.test(message)) return false
    const position = /position (\d+)/.exec(message)?.[1]
    return position === undefined || Number(position) < text.length
  }
}
