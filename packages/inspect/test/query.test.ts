import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Connection, Exchange } from '../src/model/events.ts'
import { matchesConnection, matchesEvent, parseQuery } from '../src/model/query.ts'

const exchange = (over: Partial<Exchange> = {}): Exchange => ({
  exchange: 1,
  method: 'GET',
  target: '/api/users?name=Ann',
  version: '1.1',
  bytesIn: 10,
  at: 100,
  headAt: 99,
  repliedAt: 150,
  endedAt: 200,
  status: 200,
  route: '/api/:kind',
  ...over,
})
const connection = (over: Partial<Connection> = {}): Connection => ({
  id: 3,
  peer: '127.0.0.1:5000',
  openedAt: 1,
  role: 'visitor',
  label: '',
  exchanges: [exchange()],
  requests: 1,
  bytesIn: 10,
  bytesOut: 10,
  ...over,
})
const finds = (text: string, over: Partial<Connection> = {}): boolean =>
  matchesConnection(parseQuery(text), connection(over), 0)

describe('what is looked for', () => {
  it.each([
    ['', true],
    ['status:200', true],
    ['status:2xx', true],
    ['status:5XX', false],
    ['method:get', true],
    ['method:POST', false],
    ['path:/api', true],
    ['path:/other', false],
    ['slow:100ms', true],
    ['slow:101', false],
    ['slow:0.1s', true],
    ['users', true],
    ['NAME=ann', true],
    ['route:/api/:kind', true],
    ['route:/api', false],
    ['is:error', false],
    ['is:open', true],
    ['is:closed', false],
    ['peer:127.', true],
    ['status:200 path:/api', true],
    ['status:200 path:/other', false],
    ['status:4xx,5xx', false],
    ['status:404,2xx', true],
    ['-status:2xx', false],
    ['-status:4xx,5xx', true],
    ['-status:4xx,2xx', false],
    ['-users', false],
    ['-nothing', true],
    ['-is:open', false],
    ['-is:closed', true],
    ['is:open,closed', true],
    ['path:"/api/users"', true],
    ['path:"/api/users" "name=ann"', true],
    ['"users?name=A"', true],
    ['"users name"', false],
    ['"a \\"quote', false],
    ['path:"/a,b",/api', true],
    ['path:"/a,/api"', false],
    ['path:"/ap', true],
    ['users,name', false],
    ['-', false],
  ])('%j', (text, expected) => expect(finds(text)).toBe(expected))

  it('has to hold for one and the same exchange', () => {
    const exchanges = [exchange({ status: 500 }), exchange({ exchange: 2, target: '/b' })]
    expect(finds('status:500 path:/b', { exchanges })).toBe(false)
    expect(finds('status:500 path:/api', { exchanges })).toBe(true)
  })

  it('may be the end of a connection, or the error in it', () => {
    const close = { type: 'close', at: 1, connection: 3, requests: 1, bytesIn: 1, bytesOut: 1 } as const
    expect(finds('reason:head-timeout', { close: { ...close, reason: 'head-timeout' } })).toBe(true)
    expect(finds('reason:shutdown', { close: { ...close, reason: 'head-timeout' } })).toBe(false)
    const error = {
      type: 'refused',
      at: 1,
      connection: 3,
      code: 'HOST_REPEATED',
      status: 400,
      offset: 1,
      message: '',
      rfc: '',
    } as const
    expect(finds('code:host_repeated', { error })).toBe(true)
  })

  it('may be what the client of the lab is called', () => {
    expect(finds('label:"slow cl"', { label: 'Slow client: 3' })).toBe(true)
    expect(finds('label:client', { label: 'Slow client' })).toBe(false)
  })

  it('is not what belongs to the pages that watch, if that is hidden', () => {
    const query = { ...parseQuery(''), own: false }
    expect(matchesConnection(query, connection({ role: 'viewer' }), 0)).toBe(false)
    expect(matchesConnection(query, connection(), 3)).toBe(false)
    expect(matchesConnection(query, connection(), 4)).toBe(true)
  })

  it('is not what is below the page, either, where its server has other pages', () => {
    const query = { ...parseQuery(''), own: false, base: '/__spillway/' }
    const icon = exchange({ exchange: 2, target: '/__spillway/icon.svg' })
    expect(matchesConnection(query, connection({ exchanges: [icon] }), 0)).toBe(false)
    expect(matchesConnection(query, connection({ exchanges: [exchange(), icon] }), 0)).toBe(true)
    expect(matchesConnection(query, connection({ exchanges: [] }), 0)).toBe(true)
    expect(matchesConnection({ ...query, own: true }, connection({ exchanges: [icon] }), 0)).toBe(true)
    expect(matchesConnection({ ...query, base: '/' }, connection(), 0)).toBe(true)
    const event = { type: 'reply', at: 1, connection: 3, exchange: 2, status: 200, persist: true } as const
    const shared = connection({ exchanges: [exchange(), icon] })
    expect(matchesEvent(query, event, shared, 0)).toBe(false)
    expect(matchesEvent(query, { ...event, exchange: 1 }, shared, 0)).toBe(true)
    expect(matchesEvent({ ...query, own: true }, event, shared, 0)).toBe(true)
  })

  it('picks the events of an exchange, and leaves out those of others', () => {
    const query = parseQuery('status:200')
    const event = { type: 'reply', at: 1, connection: 3, exchange: 1, status: 200, persist: true } as const
    expect(matchesEvent(query, event, connection(), 0)).toBe(true)
    expect(matchesEvent(query, { ...event, exchange: 2 }, connection(), 0)).toBe(false)
    expect(matchesEvent(query, event, undefined, 0)).toBe(false)
  })

  it.each([
    'status:9',
    'status:',
    'slow:x',
    'is:what',
    'colour:red',
    'constructor:x',
    'status:2xx,9',
    '-colour:red',
    'is:open,error',
    'status:,',
  ])('%s is not understood, and said to be', (text) => {
    const { problem, exchange: terms, connection: others } = parseQuery(text)
    expect(problem).toContain(text)
    expect([terms.length, others.length]).toEqual([0, 0])
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(typeof matchesConnection(parseQuery(text), connection(), 0)).toBe('boolean')
      }),
    )
  })
})
