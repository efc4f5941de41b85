import { type MemoryClient, testServer } from '@spillway/core/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { WireEvent } from '../src/model/events.ts'
import { Recorder } from '../src/record/recorder.ts'

/** A server that is recorded at a pace. */
function recorded(events: number): {
  readonly recorder: Recorder
  readonly told: WireEvent[]
  readonly count: (type: WireEvent['type']) => number
  readonly connect: () => MemoryClient
} {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const tested = testServer((c) => {
    c.route = '/:any'
    return c.text(c.path)
  })
  const told: WireEvent[] = []
  const recorder = new Recorder((event) => told.push(event), { pace: { events, milliseconds: 100 } })
  recorder.watch(tested.server)
  running.push(recorder)
  const connect = (): MemoryClient => tested.connect()
  return { recorder, told, connect, count: (type) => told.filter((event) => event.type === type).length }
}

const running: Recorder[] = []
afterEach(() => {
  for (const recorder of running.splice(0)) recorder.stop()
  vi.useRealTimers()
})

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
/** Events of one request on a connection that is kept: head, request, reply, end, idle, and bytes twice. */
const each = 7

describe('a recorder at a pace', () => {
  it('tells everything as long as there is less', () => {
    const { recorder, count, connect } = recorded(each * 3 + 1)
    const client = connect()
    for (let i = 0; i < 3; i++) client.send(request('/'))
    expect(count('gap')).toBe(0)
    expect(count('end')).toBe(3)
    // Slowly, any number of them is told.
    for (let i = 0; i < 10; i++) {
      vi.advanceTimersByTime(101)
      client.send(request('/'))
    }
    expect(count('gap')).toBe(0)
    expect(recorder.state.totals.requests).toBe(13)
  })

  it('leaves out what comes behind the most, for a while, and says so', () => {
    const { recorder, told, count, connect } = recorded(each * 3)
    const client = connect()
    for (let i = 0; i < 10; i++) client.send(request('/'))
    expect(count('end')).toBeLessThan(5)
    expect(told.at(-1)).toMatchObject({ type: 'gap', what: 'begins' })
    expect(recorder.state.gaps).toEqual([{ from: expect.any(Number) }])
    // What comes, is refused or leaves is told in any case.
    const other = connect()
    other.send('nonsense\r\n\r\n')
    expect(recorder.state.totals).toMatchObject({ accepted: 2, errors: 1 })
    vi.advanceTimersByTime(100)
    expect(told.at(-1)).toMatchObject({ type: 'gap', what: 'ends' })
    client.send(request('/last'))
    const [first] = recorder.state.open.values()
    // Those that were left out have been all the same.
    expect(first!.requests).toBe(11)
    expect(recorder.state.totals.requests).toBe(11)
    expect(first!.exchanges.at(-1)).toMatchObject({ exchange: 11, target: '/last', status: 200, route: '/:any' })
  })

  it('takes nothing for unfinished that was, and no bytes for those of another request', () => {
    const { recorder, connect } = recorded(2)
    const client = connect()
    // The pace ends it in the middle of the request.
    client.send(request('/one'))
    const [connection] = recorder.state.open.values()
    expect(connection!.exchanges).toEqual([])
    client.send('GET /half HTTP/1.1\r\n')
    vi.advanceTimersByTime(100)
    client.send('Host: a\r\n\r\n')
    for (const { in: received } of recorder.tapes.read(connection!.id))
      expect(Buffer.from(received, 'base64').toString()).toBe(request('/one'))
  })

  it('hears nothing more once it is stopped in a gap', () => {
    const { recorder, told, connect } = recorded(2)
    connect().send(request('/'))
    recorder.stop()
    const before = told.length
    vi.advanceTimersByTime(1000)
    connect().send(request('/'))
    expect(told.length).toBe(before)
  })
})
