import { decodeTail, normalizePath } from '../http/path.ts'

type Params = Record<string, string | undefined>

/** What a pattern says about its parameters, read once when it is registered. */
export interface Pattern {
  readonly source: string
  /** The one path it matches, in normal form and without a slash at the end; undefined when it has parameters. */
  readonly literal: string | undefined
  /** Whether it names parameters. */
  readonly named: boolean
  /** Parameters that a match may leave out. */
  readonly optional: readonly string[]
  /** Names of catch-alls, whose captures may span segments. */
  readonly tails: ReadonlySet<string>
  /** Whether the paths it means end in a slash; undefined when some do and some do not. */
  readonly slash: boolean | undefined
}

/** @throws TypeError when the pattern does not begin with a slash. */
export function readPattern(source: string): Pattern {
  if (!source.startsWith('/')) throw new TypeError(`A pattern begins with a slash: ${JSON.stringify(source)}`)
  const outline = outlineOf(source)
  const names = [...outline.matchAll(/(?<!\\):([A-Za-z_]\w*)/g)].map(([, name]) => name!)
  const tails = [...outline.matchAll(/\*\*:(\w+)|:(\w+)(?:[+*]|\(\.\*\))/g)].map(([, a, b]) => a ?? b!)
  return {
    source,
    literal: /[\\:*?+(){}]/.test(source) ? undefined : literalPath(source),
    named: names.length > 0,
    optional: /[?*}]/.test(outline) ? names : [],
    tails: new Set(tails),
    slash: source === '/' || /(?:\*\*(?::\w+)?|[*+]|\(\.\*\))$/.test(outline) ? undefined : source.endsWith('/'),
  }
}

/** A pattern without its constraints, which may hold anything that looks like a parameter; `(.*)` is a catch-all. */
function outlineOf(source: string): string {
  return source.replace(/\((?!\.\*\))(?:\\.|[^)])*\)/g, '()')
}

/** Patterns of one shape take the same paths: it has no names, and no slash at the end. */
export function shapeOf(source: string): string {
  const nameless = source.replace(/\((?:\\.|[^)])*\)|(?<!\\):[A-Za-z_]\w*/g, (part) =>
    part.startsWith('(') ? part : ':',
  )
  return nameless
    .replace(/:\*$/, '**')
    .replace(/:\+$/, '**:')
    .replace(/(?<=.)\/$/, '')
}

/** The shape of a pattern for everything below a prefix, or undefined when a pattern is of another kind. */
export function catchAllShape(source: string): string | undefined {
  const shape = shapeOf(source).replace(/\*\*:$|\(\.\*\)$/, '**')
  return shape.endsWith('/**') ? shape : undefined
}

/** How many segments the prefix of a mount takes. @throws TypeError when that depends on the path. */
export function segmentCount(prefix: string): number {
  if (/[*+?{}]|\(\.|\/\//.test(outlineOf(prefix)))
    throw new TypeError(`The prefix of a mount has nothing optional, empty or endless in it: ${JSON.stringify(prefix)}`)
  return prefix.split('/').filter((segment) => segment !== '').length
}

function literalPath(source: string): string | undefined {
  const path = source.length > 1 && source.endsWith('/') ? source.slice(0, -1) : source
  return normalizePath(path) === path ? path : undefined
}

/** Decodes what a match of `path` has captured and names what it has left out, in place. */
export function finishParams(params: Params, pattern: Pattern, path: string): Record<string, string> {
  if (path.includes('%')) {
    for (const name in params) {
      const value = params[name]!
      params[name] = isTail(name, pattern) ? decodeTail(value) : decodeURIComponent(value)
    }
  }
  for (const name of pattern.optional) if (!Object.hasOwn(params, name)) params[name] = undefined
  return params as Record<string, string>
}

/** Captures without a name count as catch-alls: it is the safer reading of those that are not. */
function isTail(name: string, pattern: Pattern): boolean {
  return pattern.tails.has(name) || name === '_' || (name.charCodeAt(0) >= 0x30 && name.charCodeAt(0) <= 0x39)
}
