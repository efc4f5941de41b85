// The language of the page's search field: `status:4xx,5xx -path:/health slow:100ms reason:head-timeout "two words"`.
import type { Connection, Exchange, WireEvent } from './events.ts'

/** A search. All terms must match, those about exchanges in the same exchange. */
export interface Query {
  readonly exchange: readonly ((exchange: Exchange) => boolean)[]
  readonly connection: readonly ((connection: Connection) => boolean)[]
  /** Whether the traffic of watching pages is shown, too. */
  readonly own: boolean
  /** The base path of such a page and its requests on the server that it shows: `/__spillway/`. `/` if it is on another server. */
  readonly base: string
  /** A sentence about what cannot be understood; empty when everything can. */
  readonly problem: string
}

type Term = Pick<Query, 'exchange'> | Pick<Query, 'connection'>

const states: Readonly<Record<string, Term>> = {
  error: exchange(({ status = 0, aborted }) => status >= 500 || aborted !== undefined),
  cut: exchange(({ aborted }) => aborted !== undefined),
  open: { connection: [({ close }) => close === undefined] },
  closed: { connection: [({ close }) => close !== undefined] },
}

/** Turns the value of a term into a condition, by name; undefined for an invalid value. */
const terms: Readonly<Record<string, (value: string) => Term | undefined>> = {
  status: (value) => {
    const pattern = /^[1-5](?:xx|\d\d)$/i.test(value) ? value.toLowerCase() : undefined
    if (pattern === undefined) return undefined
    return exchange(({ status }) => status !== undefined && matchesStatus(pattern, status))
  },
  method: (value) => exchange(({ method }) => method === value.toUpperCase()),
  path: (value) => exchange(({ target }) => (target.split('?', 1)[0] ?? '').startsWith(value)),
  route: (value) => exchange(({ route }) => route === value),
  slow: (value) => {
    const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(value) ?? []
    if (number === undefined) return undefined
    const most = Number(number) * (unit === 's' ? 1000 : 1)
    return exchange(({ at, endedAt }) => endedAt !== undefined && endedAt - at >= most)
  },
  is: (value) => (Object.hasOwn(states, value) ? states[value] : undefined),
  reason: (value) => ({ connection: [({ close }) => close?.reason === value] }),
  code: (value) => ({ connection: [({ error }) => error?.code === value.toUpperCase()] }),
  label: (value) => ({ connection: [({ label }) => label.toLowerCase().startsWith(value.toLowerCase())] }),
  peer: (value) => ({ connection: [({ peer }) => peer.startsWith(value)] }),
}

function exchange(test: (exchange: Exchange) => boolean): Term {
  return { exchange: [test] }
}

function matchesStatus(pattern: string, status: number): boolean {
  return pattern.endsWith('xx') ? Math.floor(status / 100) === Number(pattern[0]) : status === Number(pattern)
}

/** A part of the typed text: `-path:"/a b",/c` has a name, two values, and is negated. */
interface Part {
  readonly text: string
  readonly isNot: boolean
  /** Empty for a bare word. */
  readonly name: string
  readonly values: readonly string[]
}

// A quote that is not closed extends to the end: the user is still typing.
const quoted = String.raw`"(?:[^"\\]|\\(?:[^]|$))*(?:"|$)`
const part = new RegExp(String.raw`(-?)(?:([a-z]+):((?:${quoted}|[^\s"])*)|((?:${quoted}|[^\s"])+))`, 'g')
const valueOf = new RegExp(String.raw`(?:${quoted}|[^,"])+`, 'g')

/** Splits the typed text at spaces, and values at commas, but not within quotes; a word without a name is not split at commas. */
function partsOf(text: string): Part[] {
  return [...text.matchAll(part)].map(([all, minus, name = '', values = '', one = '']) => ({
    text: all,
    isNot: minus === '-',
    name,
    values: (name === '' ? [one] : (values.match(valueOf) ?? [''])).map(unquoted),
  }))
}

function unquoted(text: string): string {
  return text.replaceAll(new RegExp(quoted, 'g'), (one) => one.replace(/^"|"$/g, '').replaceAll(/\\(.)/g, '$1'))
}

/** The condition that a part stands for: any of its values matches; undefined when it cannot be understood. */
function termOf({ name, values, isNot }: Part): Term | undefined {
  const make = name === '' ? word : Object.hasOwn(terms, name) ? terms[name] : undefined
  const all = values.map((one) => make?.(one))
  const exchanges = all.flatMap((one) => (one && 'exchange' in one ? one.exchange : []))
  const connections = all.flatMap((one) => (one && 'connection' in one ? one.connection : []))
  if (exchanges.length === all.length) return { exchange: [anyOf(exchanges, isNot)] }
  if (connections.length === all.length) return { connection: [anyOf(connections, isNot)] }
  return undefined
}

function anyOf<T>(tests: readonly ((one: T) => boolean)[], isNot: boolean): (one: T) => boolean {
  return (one) => tests.some((test) => test(one)) !== isNot
}

function word(text: string): Term {
  const wanted = text.toLowerCase()
  return exchange(({ target }) => target.toLowerCase().includes(wanted))
}

/**
 * Parses a search. A term without a name is a word that the target has to contain. Of values separated by commas, any
 * may match. A leading minus negates the term. Never throws.
 */
export function parseQuery(text: string): Query {
  const query = { exchange: [] as Query['exchange'][number][], connection: [] as Query['connection'][number][] }
  const problems: string[] = []
  for (const one of partsOf(text)) {
    const term = termOf(one)
    if (!term) problems.push(one.text)
    else if ('exchange' in term) query.exchange.push(...term.exchange)
    else query.connection.push(...term.connection)
  }
  const names = Object.keys(terms).join(', ')
  const problem = problems.length > 0 ? `Not understood: ${problems.join(' ')}. There are ${names}, and words.` : ''
  return { ...query, own: true, base: '/', problem }
}

/** Whether a connection matches: the connection itself, and at least one of its exchanges. */
export function matchesConnection(query: Query, connection: Connection, you: number): boolean {
  if (!query.own && isOwn(connection, you, query)) return false
  if (!query.connection.every((test) => test(connection))) return false
  return query.exchange.length === 0 || connection.exchanges.some((one) => query.exchange.every((test) => test(one)))
}

/** Whether an event belongs to something that matches. */
export function matchesEvent(query: Query, event: WireEvent, connection: Connection | undefined, you: number): boolean {
  if (query.exchange.length === 0 && query.connection.length === 0 && query.own) return true
  if (!connection) return false
  if (!query.own && isOwn(connection, you, query)) return false
  if (!query.connection.every((test) => test(connection))) return false
  const one = 'exchange' in event && connection.exchanges.find(({ exchange: number }) => number === event.exchange)
  if (one && !query.own && isBelow(one, query)) return false
  if (query.exchange.length === 0) return true
  return one !== undefined && one !== false && query.exchange.every((test) => test(one))
}

/** A browser requests a page and its resources on several connections, some of which it also uses for other pages. */
function isOwn({ id, role, exchanges }: Connection, you: number, query: Query): boolean {
  if (id === you || role === 'viewer') return true
  return exchanges.length > 0 && exchanges.every((one) => isBelow(one, query))
}

function isBelow({ target }: Exchange, { base }: Query): boolean {
  return base !== '/' && target.startsWith(base)
}
