import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Connection, type ConnectionEvent, type Side } from '../src/connection.ts'
import { bytesOf, textOf } from './replay.ts'

interface Exchanges {
  readonly id: string
  readonly rfc: string
  readonly what: string
  /** Which side sends what; one that sends nothing ends. */
  readonly stream: [Side, string?][]
  readonly events: string[]
  readonly error?: string
  readonly reuse?: string
  /** Of the request side, then of the response side. */
  readonly states?: string[]
}
const url = new URL('../vectors/exchanges/connections.json', import.meta.url)
const cases = JSON.parse(readFileSync(url, 'utf8')) as Exchanges[]

function lineOf(event: ConnectionEvent): string {
  const start = `${event.exchange} ${event.side}`
  if (event.type === 'request') return `${event.exchange} request ${event.head.method} ${event.head.target}`
  if (event.type === 'response') return `${event.exchange} response ${event.head.status}`
  return event.type === 'end' ? `${start} end` : `${start} ${event.type} ${textOf(event.data)}`
}

/** What a connection makes of a case whose bytes come in pieces of `size`. */
function read(one: Exchanges, size: number): { connection: Connection; seen: string[]; error: string | undefined } {
  const connection = new Connection()
  const seen: string[] = []
  const take = (): void => {
    for (const event of connection) {
      const line = lineOf(event)
      const last = seen.at(-1)
      // neighbouring data is one
      if (
        (event.type === 'data' || event.type === 'rest') &&
        last?.startsWith(`${event.exchange} ${event.side} ${event.type} `)
      )
        seen[seen.length - 1] = last + textOf(event.data)
      else seen.push(line)
    }
  }
  try {
    for (const [side, text] of one.stream) {
      if (text === undefined) connection.end(side)
      for (let at = 0; at < (text?.length ?? 0); at += size) {
        connection.feed(side, bytesOf(text!.slice(at, at + size)))
        take()
      }
      take()
    }
  } catch (error) {
    return { connection, seen, error: (error as { code: string }).code }
  }
  return { connection, seen, error: undefined }
}

describe.each(cases.map((one) => [`${one.rfc} ${one.id}: ${one.what}`, one] as const))('%s', (_, one) => {
  test.each([1, 2, 7, 1000])('in pieces of %d bytes', (size) => {
    const { connection, seen, error } = read(one, size)
    expect([error, seen.toSorted()]).toEqual([one.error, one.events.toSorted()])
    // each side for itself is in wire order
    for (const side of ['request', 'response'])
      expect(seen.filter((line) => line.includes(side))).toEqual(one.events.filter((line) => line.includes(side)))
    if (one.reuse === undefined) return
    expect(connection.reuse).toBe(one.reuse)
    expect([connection.state('request'), connection.state('response')]).toEqual(one.states)
  })
})

test('what is not over is told by its methods', () => {
  const connection = new Connection()
  const requests = ['GET', 'HEAD'].map((method) => `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).join('')
  for (const event of connection.feed('request', bytesOf(requests))) expect(event.side).toBe('request')
  expect(connection.outstanding).toEqual(['GET', 'HEAD'])
})

test('an error stays', () => {
  const connection = new Connection()
  const error = expect.objectContaining({ code: 'INVALID_METHOD' })
  expect(() => [...connection.feed('request', bytesOf('\0'))]).toThrow(error)
  expect(() => connection.feed('response', bytesOf('HTTP'))).toThrow(error)
  expect(() => [...connection]).toThrow(error)
})

test('there are two sides', () => {
  expect(() => new Connection().feed('server' as Side, bytesOf(''))).toThrow(TypeError)
})
