import { ErrorCode } from '@spillway/parser/http2'
import { describe, expect, it } from 'vitest'
import { mainWay } from '../src/model.ts'
import { tracksOf } from '../src/model/tracks.ts'
import { Talk } from './talk.ts'

function conversation(): Talk {
  const talk = new Talk()
  talk.ask('/first')
  const second = talk.ask('/second')
  const [first, other] = talk.asked
  talk.answer(first!, '200', 1000, false)
  talk.answer(other!, '404', 50, true)
  talk.client.widen(talk.client.streams.get(1)!, 1_000_000)
  talk.pass()
  talk.server.data(first!, new Uint8Array(500), 0, 500, true)
  talk.pass()
  expect(second.openIn).toBe(false)
  const third = talk.ask('/third')
  talk.client.reset(third, ErrorCode.Cancel)
  talk.pass()
  return talk
}

describe('streams of a connection', () => {
  it('are told with what was asked and answered, and when', () => {
    const { streams } = conversation().told().read(7)!
    expect(streams.map(({ id, line, status, reset, bytes }) => [id, line, status, reset, bytes.out])).toEqual([
      [1, 'GET /first', 200, undefined, 1500],
      [3, 'GET /second', 404, undefined, 50],
      [5, 'GET /third', undefined, 'CANCEL', 0],
    ])
    for (const { openedAt, closedAt } of streams) expect(closedAt).toBeGreaterThanOrEqual(openedAt)
    expect(streams[1]!.openedAt).toBeLessThan(streams[0]!.closedAt!)
    expect(streams.map(mainWay)).toEqual(['out', 'out', 'out'])
  })

  it('have windows that content closes and the other side opens', () => {
    const talk = conversation()
    const { streams, windows } = talk.told().read(7)!
    const initial = talk.server.peer.initialWindowSize
    const sizes = streams[0]!.windows.out.map(([, bytes]) => bytes)
    expect(sizes.slice(0, 2)).toEqual([initial, initial - 1000])
    expect(sizes.at(-1)).toBe(Math.max(...sizes) - 500)
    expect(sizes.at(-1)).toBeGreaterThan(initial)
    // What the machine itself counts.
    expect(windows.out.at(-1)![1]).toBe(talk.server.sendWindow)
  })

  it('are the same however the bytes were cut', () => {
    const talk = conversation()
    const whole = talk.told().read(7)
    for (const size of [1, 2, 3, 7, 10, 64]) expect(talk.told(size).read(7)).toEqual(whole)
  })

  it('are no more than can be shown, the latest', () => {
    const talk = new Talk()
    for (let i = 0; i < 60; i++) {
      talk.ask(`/${i}`)
      talk.answer(talk.asked.at(-1)!, '204', 0, true)
    }
    const { streams } = talk.told().read(7)!
    expect(streams).toHaveLength(48)
    expect(streams.at(-1)!.line).toBe('GET /59')
  })

  it('are those from before a gap, as they were', () => {
    const talk = conversation()
    const log = talk.told()
    const before = structuredClone(log.read(7))
    log.miss(7)
    const from = talk.said.length
    talk.ask('/fourth')
    for (const { way, bytes, at } of talk.said.slice(from)) log.record(7, way, bytes, at)
    expect(log.read(7)).toEqual(before)
  })

  it('are none on a connection of another protocol, or one that was forgotten', () => {
    const log = conversation().told()
    log.record(8, 'in', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 1)
    expect(log.read(8)).toBeUndefined()
    log.forget(7)
    expect(log.read(7)).toBeUndefined()
  })
})

function span(headAt: number, endedAt?: number): { headAt: number; endedAt?: number } {
  return { headAt, ...(endedAt !== undefined && { endedAt }) }
}

describe('tracks', () => {
  it('are as many as exchanges go on at a time', () => {
    const [a, b, c, d, e] = [span(0, 10), span(1, 3), span(2, 4), span(3, 5), span(11)]
    expect(tracksOf([a, b, c, d, e])).toEqual([[a, e], [b, d], [c]])
    expect(tracksOf([span(0), span(1)])).toHaveLength(2)
  })
})
