// The language of the page's search field: `status:4xx,5xx -path:/health slow:100ms reason:head-timeout "two words"`.
import type { Connection, Exchange, WireEvent } from './events.ts'

/** A search. All terms must match, those about exchanges in the same exchange. */
export interface Query {
  readonly exchange: readonly ((exchange: Exchange) => boolean)[]
  readonly connection: readonly ((connection: Connection) => boolean)[]
  /** Whether the traffic of watching pages is shown, too. */
  readonly own: boolean
  /** The path below which such a page and its requests are, on the server that it shows: `/__spillway/`. `/` where it is on another one. */
  readonly base: string
  /** What cannot be understood, in a sentence; empty when everything can. */
  readonly problem: string
}

type Term = Pick<Query, 'exchange'> | Pick<Query, 'connection'>

const states: Readonly<Record<string, Term>> = {
  error: exchange(({ status = 0, aborted }) => status >= 500 || aborted !== undefined),
  cut: exchange(({ aborted }) => aborted !== undefined),
  open: { connection: [({ close }) => close === undefined] },
  closed: { connection: [({ close }) => close !== undefined] },
}

/** What a term of each name makes of its value; undefined when it can make nothing of it. */
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

/** A part of what was typed: `-path:"/a b",/c` has a name, two values, and is to be left out. */
interface Part {
  readonly text: string
  readonly isNot: boolean
  /** Empty for a word. */
  readonly name: string
  readonly values: readonly string[]
}

// A quote that is not closed yet goes on to the end: somebody is typing.
const quoted = String.raw`"(?:[^"\\]|\\(?:[^]|$))*(?:"|$)`
const part = new RegExp(String.raw`(-?)(?:([a-z]+):((?:${quoted}|[^\s"])*)|((?:${quoted}|[^\s"])+))`, 'g')
const valueOf = new RegExp(String.raw`(?:${quoted}|[^,"])+`, 'g')

/** Splits what was typed at spaces, and values at commas; neither counts within quotes, nor commas where no name is in front. */
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

/** What a part asks for: one of its values; undefined when it cannot be understood. */
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
 * Reads what somebody has typed. What has no name is a word that a target has to contain. Several values between commas: one of
 * them. A minus in front: none. Never throws.
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

/** Whether a connection matches: it does itself, and one of its exchanges does. */
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

/** A browser asks for a page and for what is on it on several connections, and on some of them for pages of others as well. */
function isOwn({ id, role, exchanges }: Connection, you: number, query: Query): boolean {
  if (id === you || role === 'viewer') return true
  return exchanges.length > 0 && exchanges.every((one) => isBelow(one, query))
}

function isBelow({ target }: Exchange, { base }: Query): boolean {
  return base !== '/' && target.startsWith(base)
}
