import type { Handler } from '@spillway/core'
import type { Middleware } from '@spillway/middleware'
import { type Router, type Routes, router } from '@spillway/middleware/router'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ask } from './memory.ts'

/*
 * Tables of routes, groups and mounts are held against an interpreter that is obviously right: each piece of a pattern comes
 * with the regular expression it stands for, and a path is tried on all of them.
 *
 * GUARD_FUZZ_SECONDS=600 npx vitest run packages/middleware/test/router-fuzz.test.ts
 */
const seconds = Number(process.env['GUARD_FUZZ_SECONDS'] ?? 0)
const parameters: { seed?: number; numRuns: number; interruptAfterTimeLimit?: number } =
  seconds > 0
    ? { numRuns: Number.POSITIVE_INFINITY, interruptAfterTimeLimit: seconds * 1000 }
    : { seed: 20, numRuns: 300 }

/** A segment of a pattern, and what it takes of a path. */
const pieces = [
  ['/a', '/a'],
  ['/%61', '/a'],
  ['/b', '/b'],
  ['/admin', '/admin'],
  ['/a%2Db', '/a-b'],
  ['/:', '/[^/]+'],
  ['/:(\\d+)', '/\\d+'],
  ['/:([0-9]{2})', '/[0-9]{2}'],
  ['/:([ab]+)', '/[ab]+'],
  ['/:(a|b)', '/(?:a|b)'],
  ['/:-:', '/[^/]+-[^/]+'],
  ['/a:', '/a[^/]+'],
  ['/:?', '(?:/[^/]+)?'],
  ['/a:?', '/a(?:[^/]+)?'],
  ['{/b}?', '(?:/b)?'],
  ['/:+', '(?:/[^/]+)+'],
  ['/**:', '(?:/[^/]+)+'],
  ['/:*', '(?:/[^/]+)*'],
  ['/**', '(?:/[^/]*)*'],
  ['/*', '(?:/[^/]*)*'],
  ['/*.json', '(?:/[^/]*)*/[^/]*\\.json'],
] as const
type Piece = (typeof pieces)[number]

const piece = fc.constantFrom(...pieces)
const segments = ['', 'a', 'b', 'ab', 'a-b', '1', '12', 'admin', 'x.json', 'aa-1']
const paths = fc.array(fc.constantFrom(...segments), { maxLength: 4 }).map((list) => `/${list.join('/')}`)
const usual = [
  '/',
  '/a',
  '/b',
  '/admin',
  '/admin/a',
  '/a/admin',
  '/admin/x.json',
  '/a/b',
  '/b/a/12',
  '/admin/',
  '/a//b',
  '//admin',
]
/** What may stand below a prefix. */
const anything = '(?:/[^/]*)*'
const prefixes = fc.array(fc.constantFrom(...pieces.filter(([source]) => !/[*+]/.test(source))), {
  minLength: 1,
  maxLength: 2,
})
const plainPrefix = fc.array(fc.constantFrom(...pieces.filter(([source]) => !/[*+?]/.test(source))), { maxLength: 2 })

interface RouteItem {
  readonly kind: 'route'
  readonly id: string
  readonly method: 'GET' | 'POST' | '*'
  readonly pieces: readonly Piece[]
}
interface Nest {
  readonly kind: 'group' | 'mount' | 'bypass'
  readonly id: string
  readonly prefix: readonly Piece[]
  readonly guarded: boolean
  readonly items: readonly Item[]
}
type Item = RouteItem | Nest

const unnamed = fc.constant('')
const routeItem = fc.record<RouteItem>({
  kind: fc.constant('route'),
  id: unnamed,
  method: fc.constantFrom('GET', 'POST', '*'),
  pieces: fc.array(piece, { maxLength: 3 }),
})
const { item } = fc.letrec<{ item: Item; nest: Item }>((tie) => {
  const rest = { id: unnamed, guarded: fc.boolean(), items: fc.array(tie('item'), { maxLength: 3 }) }
  return {
    item: fc.oneof({ maxDepth: 2 }, { arbitrary: routeItem, weight: 3 }, tie('nest')),
    nest: fc.oneof(
      fc.record<Nest>({ kind: fc.constantFrom('group', 'bypass'), prefix: prefixes, ...rest }),
      fc.record<Nest>({ kind: fc.constant('mount'), prefix: plainPrefix, ...rest }),
    ),
  }
})
const tables = fc.array(item, { minLength: 1, maxLength: 4 })

/** Parameters get names that no other has. */
function sourceOf(list: readonly Piece[]): string {
  let names = 0
  return list.map(([source]) => source.replaceAll(':', () => `:p${names++}`)).join('')
}

function regexpOf(list: readonly Piece[], rest = ''): RegExp {
  return new RegExp(`^${list.map(([, regexp]) => regexp).join('')}${rest}/?$`)
}

/** Every path of up to three segments: what two patterns are compared by. */
const universe = segments.flatMap((a) => [
  `/${a}`,
  ...segments.flatMap((b) => [`/${a}/${b}`, ...segments.map((d) => `/${a}/${b}/${d}`)]),
])

interface KnownRoute {
  readonly id: string
  readonly method: string
  readonly regexp: RegExp
  /** The guards it stands behind. */
  readonly within: readonly string[]
  /** The prefixes that `bypass` has named. */
  readonly bypassed: readonly RegExp[]
}

interface KnownGuard {
  readonly id: string
  readonly regexp: RegExp
}

interface Scope {
  readonly pieces: readonly Piece[]
  readonly within: readonly string[]
  readonly bypassed: readonly RegExp[]
}

/** A router, and beside it what the interpreter knows. */
class Table {
  readonly app: Router = router()
  readonly routes: KnownRoute[] = []
  readonly guards: KnownGuard[] = []
  /** The guards that the last request has met. */
  seen: string[] = []

  constructor(items: readonly Item[]) {
    this.#fill(this.app, items, { pieces: [], within: [], bypassed: [] })
  }

  ask(verb: string, path: string): string {
    this.seen = []
    return ask(this.app, verb, path).content
  }

  #fill(into: Routes, items: readonly Item[], scope: Scope): void {
    for (const one of items) {
      if (one.kind === 'route') this.#route(into, one, scope)
      else this.#nest(into, one, scope)
    }
  }

  #route(into: Routes, { id, method, pieces: own }: RouteItem, { pieces: before, ...scope }: Scope): void {
    this.routes.push({ id, method, regexp: regexpOf([...before, ...own]), ...scope })
    const pattern = (sourceOf(own) || '/') as '/'
    const handler: Handler = (c) => c.text(id)
    if (method === '*') into.all(pattern, handler)
    else if (method === 'GET') into.get(pattern, handler)
    else into.post(pattern, handler)
  }

  #nest(into: Routes, { kind, id, guarded, items, prefix: own }: Nest, scope: Scope): void {
    const prefix = sourceOf(own) || '/'
    const all = [...scope.pieces, ...own]
    const below = regexpOf(all, anything)
    if (kind === 'bypass') {
      const bypassed = [...scope.bypassed, below]
      into.bypass(prefix, (routes) => this.#fill(routes, items, { ...scope, bypassed }))
      return
    }
    const mark: Middleware = (_, next) => {
      this.seen.push(id)
      return next()
    }
    const fill = (routes: Routes): void => {
      if (guarded) routes.use(mark)
      this.#fill(routes, items, { ...scope, pieces: all, within: guarded ? [...scope.within, id] : scope.within })
    }
    if (guarded) this.guards.push({ id, regexp: below })
    if (kind === 'group') into.group(prefix as '/', fill)
    else {
      const inner = router()
      fill(inner)
      into.mount(prefix as '/', inner)
    }
  }
}

const refusals =
  /belong to a group or mount|There already is|neither is more specific|begins with a slash|cannot be used|nothing optional/

/** Undefined when registering is refused. */
function tableOf(items: readonly Item[]): Table | undefined {
  try {
    return new Table(items)
  } catch (error) {
    if (!refusals.test((error as Error).message)) throw error
    return undefined
  }
}

/** The routes that match, by the regular expressions alone. */
function matching({ routes }: Table, verb: string, path: string): KnownRoute[] {
  return routes.filter(({ method, regexp }) => (method === verb || method === '*') && regexp.test(path))
}

function same(a: RegExp, b: RegExp): boolean {
  return universe.every((path) => a.test(path) === b.test(path))
}

function isNarrower(a: RegExp, b: RegExp): boolean {
  return !same(a, b) && universe.every((path) => !a.test(path) || b.test(path))
}

function shuffled(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((one): [number, Item] => [
      random(),
      one.kind === 'route' ? one : { ...one, items: shuffled(one.items, random) },
    ])
    .toSorted(([a], [b]) => a - b)
    .map(([, one]) => one)
}

/** Names that do not depend on the order. */
function named(items: readonly Item[], before = ''): Item[] {
  return items.map((one, i): Item => {
    const id = `${before}${i}`
    return one.kind === 'route' ? { ...one, id } : { ...one, id, items: named(one.items, `${id}.`) }
  })
}

test(
  'no request walks around a guard, and the order of registration does not matter',
  () => {
    let taken = 0
    let tried = 0
    fc.assert(
      fc.property(tables, fc.array(paths, { maxLength: 6 }), fc.integer(), (items, some, seed) => {
        tried++
        const all = named(items)
        const table = tableOf(all)
        const other = tableOf(shuffled(all, numbers(seed)))
        expect(other === undefined).toBe(table === undefined)
        if (!table || !other) return
        taken++
        for (const one of new Set([...usual, ...some]))
          for (const verb of ['GET', 'POST']) check(table, other, verb, one)
      }),
      parameters,
    )
    // Tables that are refused show little.
    expect(taken / tried).toBeGreaterThan(0.2)
  },
  60_000 + seconds * 1000,
)

function check(table: Table, other: Table, verb: string, target: string): void {
  const answer = table.ask(verb, target)
  const matches = matching(table, verb, target)
  const route = table.routes.find(({ id }) => id === answer)
  for (const { id, regexp } of table.guards) {
    if (!regexp.test(target) || table.seen.includes(id)) continue
    if (route?.bypassed.some((one) => same(one, regexp))) continue
    // A guard may be in front of another, and then it is that one's reply; here they all let requests through.
    if (route) throw new Error(`${verb} ${target} is answered by ${answer}, around the guard ${id}`)
  }
  if (route) {
    if (!matches.includes(route)) throw new Error(`${verb} ${target} is answered by ${answer}, which does not match`)
    for (const { id, regexp, method } of matches)
      if (method === route.method && isNarrower(regexp, route.regexp) && inOneTable(id, answer))
        throw new Error(`${verb} ${target} is answered by ${answer}, and ${id} is more specific`)
  }
  const explained = table.app.explain(verb, target)
  expect(explained.routes.length > 0 && explained.status === undefined).toBe(route !== undefined)
  expect(other.ask(verb, target)).toBe(answer)
  expect(other.seen).toEqual(table.seen)
}

/** Routes of the same router: a mount and what stands beside it are compared as a whole. */
function inOneTable(a: string, b: string): boolean {
  return !a.includes('.') && !b.includes('.')
}

/** Numbers between 0 and 1, always the same for a seed (a linear congruential generator). */
function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32
}
