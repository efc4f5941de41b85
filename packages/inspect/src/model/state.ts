// What is known about a server's connections; the server and the page share it.
import type { Connection, Exchange, Gap, Snapshot, Totals, WireEvent } from './events.ts'

type Bounds = Readonly<Record<'closed' | 'exchanges' | 'recent' | 'waits' | 'gaps' | 'snapshot', number>>

/** Limits for everything that is kept, so that memory stays flat however long it runs. */
export const bounds: Bounds = {
  /** Closed connections. */
  closed: 240,
  /** Exchanges of one connection. */
  exchanges: 24,
  /** Events for the log. */
  recent: 200,
  /** Milliseconds from request to reply, for their percentiles. */
  waits: 400,
  gaps: 200,
  /** Open connections in a snapshot. */
  snapshot: 400,
}

/** What is known about a server's connections. Server and page hold the same state and apply the same events to it. */
export interface LabState {
  readonly totals: Totals
  readonly open: Map<number, Connection>
  readonly closed: Connection[]
  readonly recent: WireEvent[]
  readonly waits: number[]
  /** Times that were not recorded completely. */
  readonly gaps: Gap[]
}

export function emptyState(): LabState {
  const connections = { open: 0, mostOpen: 0, accepted: 0, closed: 0 }
  const exchanges = { busy: 0, mostBusy: 0, requests: 0, replies: 0, errors: 0 }
  const totals = { ...connections, ...exchanges, bytesIn: 0, bytesOut: 0 }
  return { totals, open: new Map(), closed: [], recent: [], waits: [], gaps: [] }
}

/** The part of a snapshot that is the state; copied, because exchanges under way will still change. */
export function freeze(state: LabState): Pick<Snapshot, 'totals' | 'open' | 'closed' | 'recent' | 'waits' | 'gaps'> {
  const { totals, open, closed, recent, waits, gaps } = state
  return structuredClone({ totals, open: [...open.values()].slice(-bounds.snapshot), closed, recent, waits, gaps })
}

export function thaw(snapshot: Pick<Snapshot, 'totals' | 'open' | 'closed' | 'recent' | 'waits' | 'gaps'>): LabState {
  const { totals, open, closed, recent, waits, gaps } = snapshot
  return {
    totals: { ...totals },
    open: new Map(open.map((connection) => [connection.id, connection])),
    closed: [...closed],
    recent: [...recent],
    waits: [...waits],
    gaps: gaps.map((one) => ({ ...one })),
  }
}

/**
 * Applies one event to a state. No clock and no I/O: the same events give the same state. It changes the
 * state in place, because copying thousands of connections for each event would cost more than the server itself.
 */
export function apply(state: LabState, event: WireEvent, most: Bounds = bounds): void {
  const { totals } = state
  if (event.type === 'gap') return gap(state, event)
  keep(state.recent, event, most.recent)
  if (event.type === 'server') return
  if (event.type === 'open') {
    totals.accepted++
    totals.open++
    totals.mostOpen = Math.max(totals.mostOpen, totals.open)
    const { connection: id, peer, role, label, at: openedAt } = event
    state.open.set(id, { id, peer, openedAt, role, label, exchanges: [], requests: 0, bytesIn: 0, bytesOut: 0 })
    return
  }
  // When there are many connections, a page knows only the newest: for the others it counts the events.
  const connection = state.open.get(event.connection)
  switch (event.type) {
    case 'mark':
      if (connection) Object.assign(connection, { role: event.role, label: event.label })
      return
    case 'head':
      if (connection) connection.headAt = event.at
      return
    case 'request':
      // Requests in between that were not reported count as well.
      totals.requests += connection ? Math.max(1, event.exchange - connection.requests) : 1
      totals.bytesIn += event.bytes
      totals.busy++
      totals.mostBusy = Math.max(totals.mostBusy, totals.busy)
      if (connection) begin(connection, event, most)
      return
    case 'reply': {
      const exchange = connection && find(connection, event.exchange)
      if (!connection || !exchange) return
      exchange.repliedAt = event.at
      exchange.status = event.status
      if (!event.persist) connection.ending = true
      keep(state.waits, event.at - exchange.at, most.waits)
      return
    }
    case 'end':
      totals.bytesOut += event.bytes
      totals.busy = Math.max(0, totals.busy - 1)
      if (event.aborted === undefined) totals.replies++
      if (connection) finish(connection, event)
      return
    case 'idle':
      if (connection) connection.idleAt = event.at
      return
    case 'refused':
      totals.errors++
      if (connection) connection.error = event
      return
    case 'fin':
      if (connection) (connection.fin ??= {})[event.by] ??= event.at
      return
    case 'close':
      close(state, connection, event, most)
  }
}

/** Whatever was under way when a gap began has continued during it in an unknown way. */
function gap({ open, gaps, totals }: LabState, { what, at }: WireEvent & { type: 'gap' }): void {
  if (what === 'begins') {
    totals.busy = 0
    keep(gaps, { from: at }, bounds.gaps)
    for (const connection of open.values()) {
      delete connection.idleAt
      delete connection.headAt
      if (connection.exchanges.some(({ endedAt }) => endedAt === undefined))
        connection.exchanges = connection.exchanges.filter(({ endedAt }) => endedAt !== undefined)
    }
    return
  }
  const last = gaps.at(-1)
  if (last) last.to ??= at
}

function begin(connection: Connection, event: WireEvent & { type: 'request' }, most: Bounds): void {
  const { exchange, method, target, version, bytes, at } = event
  const { headAt = at } = connection
  delete connection.idleAt
  delete connection.headAt
  connection.requests = Math.max(connection.requests + 1, exchange)
  connection.bytesIn += bytes
  keep(connection.exchanges, { exchange, method, target, version, bytesIn: bytes, at, headAt }, most.exchanges)
}

function finish(connection: Connection, event: WireEvent & { type: 'end' }): void {
  connection.bytesOut += event.bytes
  const exchange = find(connection, event.exchange)
  if (!exchange) return
  exchange.endedAt = event.at
  exchange.bytesOut = event.bytes
  // Without a status, no reply had begun.
  if (event.status > 0) exchange.status = event.status
  if (event.aborted !== undefined) exchange.aborted = event.aborted
  if (event.route !== undefined) exchange.route = event.route
}

function close(
  state: LabState,
  connection: Connection | undefined,
  event: WireEvent & { type: 'close' },
  most: Bounds,
): void {
  const { totals } = state
  totals.closed++
  totals.open--
  if (!connection) return
  totals.requests += Math.max(0, event.requests - connection.requests)
  connection.requests = Math.max(event.requests, connection.requests)
  // So far only heads and replies were counted; the transport knows all bytes.
  totals.bytesIn += event.bytesIn - connection.bytesIn
  totals.bytesOut += event.bytesOut - connection.bytesOut
  connection.bytesIn = event.bytesIn
  connection.bytesOut = event.bytesOut
  connection.close = event
  state.open.delete(connection.id)
  keep(state.closed, connection, most.closed)
}

/** The exchange with a number; the latest ones are requested most often. */
export function find(connection: Connection, exchange: number): Exchange | undefined {
  return connection.exchanges.findLast((one) => one.exchange === exchange)
}

/** A percentile of some numbers: 0.5 gives the median. Undefined when there are none. */
export function percentile(numbers: readonly number[], part: number): number | undefined {
  return numbers.toSorted((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * part))]
}

/** Appends to a list of the last `most` items. */
function keep<T>(list: T[], item: T, most: number): void {
  list.push(item)
  // Removes several at a time, because moving the rest of the list for each would be the most expensive part of an event.
  if (list.length > most * 2) list.splice(0, list.length - most)
}
