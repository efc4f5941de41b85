// Finds the line of a value in a configuration file.
type Place = readonly (string | number)[]

/** The parts of valibot's schemas that are used here. */
interface Inside {
  readonly wrapped?: Inside
  readonly options?: readonly Inside[]
  readonly entries?: Readonly<Record<string, Inside>>
  readonly item?: Inside
  readonly value?: Inside
}

/** The member names that the schema allows for an object at this place. */
export function namesAt(schema: object, place: Place): string[] {
  let all = forms(schema)
  for (const key of place)
    all = all.flatMap(({ entries, item, value }) =>
      [entries?.[key] ?? [], item ?? [], value ?? []].flat().flatMap(forms),
    )
  return all.flatMap(({ entries }) => Object.keys(entries ?? {}))
}

/** The schemas within wrappers and unions. */
function forms(schema: Inside): Inside[] {
  if (schema.wrapped) return forms(schema.wrapped)
  return Array.isArray(schema.options) && typeof schema.options[0] === 'object'
    ? schema.options.flatMap(forms)
    : [schema]
}

/** A token of a JSON text: a value, or the name of a member, which has the path of its value. */
interface Spot {
  readonly path: Place
  readonly index: number
  readonly isName: boolean
}

/** The tokens of a JSON text in order. A path is valid until the next token. */
function* spots(source: string): Generator<Spot> {
  const tokens = source.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g)
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
    const isName = depth >= 0 && typeof path[depth] === 'string' && key === undefined
    if (isName) path[depth] = key = JSON.parse(token) as string
    yield { path, index, isName }
    if (isName || (token !== '{' && token !== '[')) continue
    path[++depth] = token === '[' ? 0 : ''
    key = undefined
  }
}

/** The line, from 1, at which the value at this place begins in a JSON text; for a missing value, that of the object it should be in. */
export function lineOf(source: string, place: Place): number {
  const wanted = JSON.stringify(place)
  let nearest = 0
  for (const { path, index } of spots(source)) if (isWithin(wanted, path)) nearest = index
  return source.slice(0, nearest).split('\n').length
}

/** The places of repeated members, of which JSON.parse takes the last. */
export function repeated(source: string): Place[] {
  const seen = new Set<string>()
  const twice: Place[] = []
  for (const { path, isName } of spots(source)) {
    if (!isName) continue
    const text = JSON.stringify(path)
    const isNew = !twice.some((place) => place.every((key, i) => path[i] === key))
    if (isNew && seen.has(text)) twice.push([...path])
    seen.add(text)
  }
  return twice
}

/** Whether a place is the wanted one, or contains it. */
function isWithin(wanted: string, path: Place): boolean {
  const text = JSON.stringify(path)
  return text === wanted || wanted.startsWith(`${text.slice(0, -1)},`) || path.length === 0
}

/** The line in which a text stops being JSON, and advice for the usual mistakes. */
export function breakOf(source: string): { readonly line: number; readonly advice: string } {
  let good = 0
  let bad = source.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (isBroken(source.slice(0, middle))) bad = middle
    else good = middle
  }
  return { line: source.slice(0, bad).split('\n').length, advice: adviceFor(source.slice(0, bad)) }
}

/** @param broken a text up to the first character that cannot be JSON. */
function adviceFor(broken: string): string {
  if (broken.trim() === '') return ': there is nothing in it'
  if (/[/#]$/.test(broken)) return ': JSON has no comments'
  if (/,\s*[}\]]$/.test(broken)) return ': nothing follows a comma'
  if (broken.endsWith("'")) return ': names and strings need double quotes'
  if (/["}\]\w]\s*["{[]$/.test(broken)) return ': a comma is missing'
  return ''
}

/** Whether the text is not the beginning of any JSON. */
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
