import { describe, expect, test } from 'vitest'
import { ParseError } from '../src/index.ts'
import { ObservedConnection, observer, strict, userAgent, type ObservedEvent } from '../src/observer.ts'
import type { Side } from '../src/connection.ts'
import { bytesOf, textOf } from './replay.ts'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const answer = (text: string): string => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`

function lineOf(event: ObservedEvent): string {
  const start = `${event.exchange} ${event.side}`
  if (event.type === 'request') return `${start} ${event.head.method} ${event.head.target}`
  if (event.type === 'response') return `${start} ${event.head.status}`
  if (event.type === 'data' || event.type === 'rest') return `${start} ${event.type} ${textOf(event.data)}`
  if (event.type === 'deviation') return `${start} deviation ${event.code}`
  return event.type === 'lost' ? `${start} lost ${event.bytes}` : `${start} ${event.type}`
}

/** Feeds text to a side, or loses as many bytes there; null is its end. */
function play(connection: ObservedConnection, ...steps: [Side, string | number | undefined | null][]): string[] {
  const lines: string[] = []
  for (const [side, step] of steps) {
    if (typeof step === 'string') connection.feed(side, bytesOf(step))
    else if (step === null) connection.end(side)
    else connection.lost(side, step)
    for (const event of connection) lines.push(lineOf(event))
  }
  return lines
}

describe('an observed connection', () => {
  test('pairs what a strict reader refuses', () => {
    const steps = [
      ['request', 'GET /a HTTP/1.1\n\n'],
      ['response', 'HTTP/1.1 200\r\nX: a\r\n b\r\nContent-Length: 1\r\n\r\nx'],
      ['request', get('/b')],
      ['response', answer('y')],
    ] as [Side, string][]
    expect(play(new ObservedConnection(), ...steps)).toEqual([
      '0 request deviation INVALID_LINE_END',
      '0 request deviation INVALID_LINE_END',
      '0 request deviation HOST_MISSING',
      '0 request GET /a',
      '0 request end',
      '0 response deviation INVALID_STATUS',
      '0 response deviation OBSOLETE_FOLDING',
      '0 response 200',
      '0 response data x',
      '0 response end',
      '1 request GET /b',
      '1 request end',
      '1 response 200',
      '1 response data y',
      '1 response end',
    ])
  })

  test('a method that is none', () => {
    const steps = [
      ['request', '"GET" / HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['response', answer('a')],
    ] as [Side, string][]
    expect(play(new ObservedConnection(), ...steps)).toContain('0 response data a')
  })

  test('a response that nobody asked for is an exchange of its own', () => {
    const late = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
    const connection = new ObservedConnection()
    expect(play(connection, ['response', late], ['request', get('/')], ['response', answer('a')])).toEqual([
      '0 response deviation UNEXPECTED_RESPONSE',
      '0 response 408',
      '0 response end',
      '1 request GET /',
      '1 request end',
      '1 response deviation UNEXPECTED_RESPONSE',
      '1 response 200',
      '1 response data a',
      '1 response end',
    ])
    expect(() => play(new ObservedConnection(strict), ['response', late])).toThrow(
      expect.objectContaining({ code: 'UNEXPECTED_RESPONSE' }),
    )
    expect(() => play(new ObservedConnection(userAgent), ['response', late])).toThrow(ParseError)
  })

  test('a change of protocols that nobody has offered', () => {
    const connection = new ObservedConnection()
    const lines = play(
      connection,
      ['request', get('/')],
      ['response', 'HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x00'],
      ['request', '\x82\x00'],
    )
    expect(lines).toEqual([
      '0 request GET /',
      '0 request end',
      '0 response deviation UNEXPECTED_RESPONSE',
      '0 response 101',
      '0 response end',
      '0 response rest \x81\x00',
      '0 request rest \x82\x00',
    ])
  })

  test('starts in the middle of a stream', () => {
    const lines = play(
      new ObservedConnection(),
      ['request', undefined],
      ['response', undefined],
      ['response', 'the end of some content'],
      ['request', get('/a')],
      ['response', answer('a')],
    )
    expect(lines).toEqual([
      '0 request GET /a',
      '0 request end',
      '0 response lost 23',
      '0 response 200',
      '0 response data a',
      '0 response end',
    ])
  })

  test('bytes are lost in the content of an answer, and behind it', () => {
    const lines = play(
      new ObservedConnection(),
      ['request', get('/a')],
      ['response', answer('0123456789').slice(0, -8)],
      ['response', 8],
      ['request', get('/b')],
      ['response', answer('0123456789').slice(0, -8)],
      ['response', 100],
      ['request', get('/c')],
      ['response', answer('c')],
    )
    expect(lines).toEqual([
      '0 request GET /a',
      '0 request end',
      '0 response 200',
      '0 response data 01',
      '0 response lost 8',
      '0 response end',
      '1 request GET /b',
      '1 request end',
      '1 response 200',
      '1 response data 01',
      '1 response deviation MESSAGE_INCOMPLETE',
      '1 response end',
      '2 request GET /c',
      '2 request end',
      '2 response lost 100',
      '2 response 200',
      '2 response data c',
      '2 response end',
    ])
  })

  test('resync goes on behind an error', () => {
    const connection = new ObservedConnection(strict)
    expect(() => play(connection, ['request', `${get('/a')}\0junk\r\n${get('/b')}`])).toThrow(ParseError)
    expect([...connection.resync('request')].map(lineOf)).toEqual([
      '0 request lost 7',
      '1 request GET /b',
      '1 request end',
    ])
  })

  test('its end tells what never came', () => {
    expect(play(new ObservedConnection(), ['request', get('/a')], ['response', null])).toEqual([
      '0 request GET /a',
      '0 request end',
      '0 response deviation RESPONSE_MISSING',
    ])
  })

  test('bytes are lost behind CONNECT, before its answer tells what they were', () => {
    const connect = 'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'
    const before: [Side, string | number][] = [
      ['request', `${connect}${get('/b')}`],
      ['request', 3],
    ]
    const refused = play(new ObservedConnection(), ...before, [
      'response',
      'HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n',
    ])
    expect(refused.slice(2)).toEqual(['0 response 405', '0 response end', '1 request GET /b', '1 request end'])
    const opened = play(new ObservedConnection(), ...before, ['response', 'HTTP/1.1 200 OK\r\n\r\n'], ['request', 'x'])
    expect(opened.slice(2)).toEqual([
      '0 response 200',
      '0 response end',
      `0 request rest ${get('/b')}`,
      '0 request lost 3',
      '0 request rest x',
    ])
  })

  test('what is wrong with a request has the number of that request', () => {
    expect(play(new ObservedConnection(), ['request', `${get('/a')}GET /b HTTP/1.1\nHost: a\r\n\r\n`])).toEqual([
      '0 request GET /a',
      '0 request end',
      '1 request deviation INVALID_LINE_END',
      '1 request GET /b',
      '1 request end',
    ])
  })

  test('behind a response that nobody asked for the numbers go on', () => {
    const lines = play(
      new ObservedConnection(),
      ['request', get('/a')],
      ['response', answer('a') + answer('b')],
      ['response', 5],
      ['response', 'junk'],
      ['response', null],
    )
    expect(lines.slice(-2)).toEqual(['1 response end', '1 response lost 9'])
  })

  test.each([strict, observer])(
    'resync needs no side, and comes to an end where the connection has: $name',
    (profile) => {
      const connection = new ObservedConnection(profile)
      const last = 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
      const steps = [
        () => connection.feed('response', bytesOf('HTTP/1.1 2\0\r\n\r\n')),
        () => connection.feed('request', bytesOf(`${last}GET /b`)),
        () => connection.end('request'),
        () => connection.end('response'),
      ]
      let errors = 0
      for (const step of steps) {
        for (let act: () => ObservedConnection = step; ;) {
          try {
            for (const _ of act()) expect(errors).toBeLessThan(100)
            break
          } catch (error) {
            if (!(error instanceof ParseError) || errors++ > 100) throw error
            act = () => connection.resync()
          }
        }
      }
      expect(connection.state('request')).toBe('closed')
    },
  )

  test('there are two sides', () => {
    for (const call of ['lost', 'resync'] as const)
      expect(() => new ObservedConnection()[call]('server' as Side)).toThrow(TypeError)
  })
})
