// The language of the page's search field: `status:5xx path:/api slow:100ms reason:head-timeout`, and words.
import type { Connection, Exchange, WireEvent } from './events.ts'

/** A search. All terms must match, those about exchanges in the same exchange. */
export interface Query {
  readonly exchange: readonly ((exchange: Exchange) => boolean)[]
  readonly connection: readonly ((connection: Connection) => boolean)[]
  /** Whether the traffic of watching pages is shown, too. */
  readonly own: boolean
  /** What cannot be understood, in a sentence; empty when everything can. */
  readonly problem: string
}

type Term = Pick<Query, 'exchange'> | Pick<Query, 'connection'>

/** How each term interprets its value; undefined when the value is not valid. */
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
  is: (value) =>
    ({
      error: exchange(({ status = 0, aborted }) => status >= 500 || aborted !== undefined),
      cut: exchange(({ aborted }) => aborted !== undefined),
      open: { connection: [({ close }: Connection) => close === undefined] },
      closed: { connection: [({ close }: Connection) => close !== undefined] },
    })[value],
  reason: (value) => ({ connection: [({ close }) => close?.reason === value] }),
  code: (value) => ({ connection: [({ error }) => error?.code === value.toUpperCase()] }),
  peer: (value) => ({ connection: [({ peer }) => peer.startsWith(value)] }),
}

function exchange(test: (exchange: Exchange) => boolean): Term {
  return { exchange: [test] }
}

function matchesStatus(pattern: string, status: number): boolean {
  return pattern.endsWith('xx') ? Math.floor(status / 100) === Number(pattern[0]) : status === Number(pattern)
}

/** Parses what the user typed. Anything that is not a term is a word that a target must contain. Never throws. */
export function parseQuery(text: string): Query {
  const query = { exchange: [] as Query['exchange'][number][], connection: [] as Query['connection'][number][] }
  const problems: string[] = []
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const [, name, value] = /^([a-z]+):(.*)$/.exec(word) ?? []
    const term =
      name === undefined || value === undefined
        ? exchange(({ target }) => target.toLowerCase().includes(word.toLowerCase()))
        : Object.hasOwn(terms, name)
          ? terms[name]!(value)
          : undefined
    if (!term) problems.push(word)
    else if ('exchange' in term) query.exchange.push(...term.exchange)
    else query.connection.push(...term.connection)
  }
  const names = Object.keys(terms).join(', ')
  const problem = problems.length > 0 ? `Not understood: ${problems.join(' ')}. There are ${names}, and words.` : ''
  return { ...query, own: true, problem }
}

/** Whether a connection matches: it does itself, and one of its exchanges does. */
export function matchesConnection(query: Query, connection: Connection, you: number): boolean {
  if (!query.own && isOwn(connection, you)) return false
  if (!query.connection.every((test) => test(connection))) return false
  return query.exchange.length === 0 || connection.exchanges.some((one) => query.exchange.every((test) => test(one)))
}

/** Whether an event belongs to something that matches. */
export function matchesEvent(query: Query, event: WireEvent, connection: Connection | undefined, you: number): boolean {
  if (query.exchange.length === 0 && query.connection.length === 0 && query.own) return true
  if (!connection) return false
  if (!query.own && isOwn(connection, you)) return false
  if (!query.connection.every((test) => test(connection))) return false
  if (query.exchange.length === 0) return true
  if (!('exchange' in event)) return false
  const one = connection.exchanges.find(({ exchange: number }) => number === event.exchange)
  return one !== undefined && query.exchange.every((test) => test(one))
}

function isOwn({ id, role }: Connection, you: number): boolean {
  return id === you || role === 'viewer'
}
