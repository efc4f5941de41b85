import { describe, expect, it } from 'vitest'
import {
  type CloseEvent,
  type LabState,
  type WireEvent,
  apply,
  bounds,
  emptyState,
  freeze,
  percentile,
  thaw,
} from '../src/model.ts'

const peer = '127.0.0.1:5000'
const open = (connection: number, at = 0): WireEvent => ({
  type: 'open',
  at,
  connection,
  peer,
  role: 'visitor',
  label: '',
})
const request = (connection: number, exchange: number, at = 1): WireEvent => {
  const [method, target, version] = ['GET', '/api/time', '1.1']
  return { type: 'request', at, connection, exchange, method, target, version, bytes: 50 }
}
const reply = (connection: number, exchange: number, at = 3, persist = true): WireEvent => {
  return { type: 'reply', at, connection, exchange, status: 200, persist }
}
const end = (connection: number, exchange: number, at = 4): WireEvent => {
  return { type: 'end', at, connection, exchange, status: 200, bytes: 300, ms: 3 }
}
const close = (connection: number, at = 9): CloseEvent => {
  return { type: 'close', at, connection, reason: 'client-closed', requests: 1, bytesIn: 60, bytesOut: 310 }
}

function after(...events: WireEvent[]): LabState {
  const state = emptyState()
  for (const event of events) apply(state, event)
  return state
}

describe('the state of the lab', () => {
  it('follows a connection from accept to close', () => {
    const state = after(open(1), request(1, 1), reply(1, 1), end(1, 1), {
      type: 'idle',
      at: 5,
      connection: 1,
      exchange: 1,
    })
    expect(state.open.get(1)).toMatchObject({ requests: 1, idleAt: 5, bytesIn: 50, bytesOut: 300 })
    expect(state.open.get(1)!.exchanges).toEqual([
      {
        exchange: 1,
        method: 'GET',
        target: '/api/time',
        version: '1.1',
        bytesIn: 50,
        at: 1,
        headAt: 1,
        repliedAt: 3,
        status: 200,
        endedAt: 4,
        bytesOut: 300,
      },
    ])
    expect(state.waits).toEqual([2])

    apply(state, close(1))
    expect(state.open.size).toBe(0)
    expect(state.closed).toMatchObject([{ id: 1, close: { reason: 'client-closed' } }])
    // What the transport counted replaces what was added up before.
    expect(state.totals).toEqual({
      open: 0,
      mostOpen: 1,
      busy: 0,
      mostBusy: 1,
      accepted: 1,
      closed: 1,
      requests: 1,
      replies: 1,
      errors: 0,
      bytesIn: 60,
      bytesOut: 310,
    })
  })

  it('is not idle any more once another request has come', () => {
    const state = after(open(1), request(1, 1), reply(1, 1), end(1, 1), {
      type: 'idle',
      at: 5,
      connection: 1,
      exchange: 1,
    })
    apply(state, request(1, 2, 6))
    expect(state.open.get(1)).not.toHaveProperty('idleAt')
  })

  it('keeps pipelined exchanges apart', () => {
    const state = after(
      open(1),
      request(1, 1),
      reply(1, 1),
      request(1, 2),
      reply(1, 2, 3, false),
      end(1, 1, 7),
      end(1, 2, 8),
    )
    expect(state.open.get(1)!.exchanges.map(({ endedAt }) => endedAt)).toEqual([7, 8])
    expect(state.open.get(1)!.ending).toBe(true)
  })

  it('remembers an error and who cut an exchange', () => {
    const cut: WireEvent = {
      type: 'end',
      at: 4,
      connection: 1,
      exchange: 1,
      status: 0,
      bytes: 0,
      ms: 1,
      aborted: 'peer',
    }
    const facts = { code: 'HOST_REPEATED', status: 400, offset: 52, message: '', rfc: '' }
    const state = after(open(1), request(1, 1), cut, { type: 'refused', at: 5, connection: 1, ...facts })
    expect(state.open.get(1)!.exchanges[0]).toMatchObject({ aborted: 'peer' })
    expect(state.open.get(1)!.exchanges[0]).not.toHaveProperty('status')
    expect(state.open.get(1)!.error).toMatchObject({ code: 'HOST_REPEATED' })
    expect(state.totals).toMatchObject({ errors: 1, replies: 0 })
  })

  it('learns later whose a connection is', () => {
    const state = after(open(1), { type: 'mark', at: 1, connection: 1, role: 'lab', label: 'HTTP/1.0' })
    expect(state.open.get(1)).toMatchObject({ role: 'lab', label: 'HTTP/1.0' })
  })

  it('counts what happens on connections it does not know', () => {
    const state = after(request(7, 1), reply(7, 1), end(7, 1), close(7))
    expect(state.totals).toMatchObject({ requests: 1, replies: 1, closed: 1 })
    expect(state.closed).toEqual([])
  })

  it('stays small however long it runs', () => {
    const state = after(open(1))
    for (let i = 1; i <= 5000; i++) for (const event of [request(1, i), reply(1, i), end(1, i)]) apply(state, event)
    for (let id = 2; id <= 2000; id++) for (const event of [open(id), close(id)]) apply(state, event)
    expect(state.open.get(1)!.exchanges.length).toBeLessThanOrEqual(bounds.exchanges * 2)
    expect(state.open.get(1)!.exchanges.at(-1)!.exchange).toBe(5000)
    expect(state.closed.length).toBeLessThanOrEqual(bounds.closed * 2)
    expect(state.recent.length).toBeLessThanOrEqual(bounds.recent * 2)
    expect(state.waits.length).toBeLessThanOrEqual(bounds.waits * 2)
    expect(state.open.size).toBe(1)
  })

  it('travels as a snapshot and goes on from there', () => {
    const [first, second] = [after(open(1), request(1, 1), open(2), close(2)), [reply(1, 1), end(1, 1), close(1)]]
    const copy = thaw(JSON.parse(JSON.stringify(freeze(first))))
    expect(copy).toEqual(first)
    for (const event of second) {
      apply(first, event)
      apply(copy, event)
    }
    expect(copy).toEqual(first)
  })

  it('sends the newest of a crowd only', () => {
    const state = emptyState()
    for (let id = 1; id <= bounds.snapshot + 50; id++) apply(state, open(id))
    const snapshot = freeze(state)
    expect(snapshot.open).toHaveLength(bounds.snapshot)
    expect(snapshot.open.at(-1)!.id).toBe(bounds.snapshot + 50)
    expect(snapshot.totals.open).toBe(bounds.snapshot + 50)
  })

  it('knows percentiles', () => {
    expect(percentile([], 0.5)).toBeUndefined()
    expect(percentile([9, 1, 5], 0.5)).toBe(5)
    expect(percentile([9, 1, 5], 0.99)).toBe(9)
    expect(percentile([3], 1)).toBe(3)
  })

  it('knows how long a head took to come in', () => {
    const state = after(open(1), { type: 'head', at: 0.5, connection: 1 })
    expect(state.open.get(1)!.headAt).toBe(0.5)
    apply(state, request(1, 1, 2))
    expect(state.open.get(1)!).not.toHaveProperty('headAt')
    expect(state.open.get(1)!.exchanges[0]).toMatchObject({ headAt: 0.5, at: 2 })
  })

  it('keeps what happens to the server apart from connections', () => {
    const state = after({ type: 'server', at: 1, connection: 0, what: 'drains' })
    expect(state.totals).toEqual(emptyState().totals)
    expect(state.recent).toHaveLength(1)
  })
})
