// Patterns of the router as paths of OpenAPI.
import { decodeOctets } from '../http/path.ts'
import { type Piece, readSpellings } from '../patterns/syntax.ts'

/** A parameter of a path. */
export interface PathParameter {
  /** Its name in the route; a number when it has none. */
  readonly name: string
  /** Its name for readers. */
  readonly label: string
  /** What it must match; undefined for any segment. */
  readonly pattern: string | undefined
}

/** A path as OpenAPI writes it, with a place for each parameter: `['/books/', '/pages']` and `id` stand for `/books/{id}/pages`. */
export interface PathTemplate {
  readonly texts: readonly string[]
  readonly parameters: readonly PathParameter[]
}

/**
 * The paths that a router's pattern stands for, the longest first: OpenAPI has no optional parameters in paths.
 * `/books/:id` and `/books/{id}` mean the same to both; a catch-all also matches slashes, which OpenAPI cannot
 * express.
 */
export function templatesOf(pattern: string): readonly PathTemplate[] {
  return readSpellings(pattern).flatMap(({ segments, slash }) => {
    const full = templateOf(segments, slash)
    const without = segments.filter((pieces) => !isOptionalTail(pieces))
    return without.length < segments.length ? [full, templateOf(without, slash)] : [full]
  })
}

function isOptionalTail([piece, ...others]: readonly Piece[]): boolean {
  if (!piece || others.length > 0) return false
  const { kind, modifier, constraint } = piece
  return kind === 'star' ? modifier === undefined : modifier === '*' || constraint === '.*'
}

function templateOf(segments: readonly (readonly Piece[])[], slash: boolean): PathTemplate {
  const texts = ['']
  const parameters: PathParameter[] = []
  const add = (text: string): void => {
    texts[texts.length - 1] += text
  }
  for (const pieces of segments) {
    add('/')
    for (const { kind, value, constraint } of pieces) {
      if (kind === 'text') add(decodeOctets(`/${encodeURIComponent(value)}`)!.slice(1))
      else {
        const pattern = constraint === undefined || constraint === '.*' ? undefined : `^(?:${constraint})$`
        const unnamed = `${kind === 'star' ? 'rest' : 'part'}${value === '0' ? '' : value}`
        parameters.push({ name: value, label: /^\d/.test(value) ? unnamed : value, pattern })
        texts.push('')
      }
    }
  }
  if (slash || segments.length === 0) add('/')
  return { texts, parameters }
}
