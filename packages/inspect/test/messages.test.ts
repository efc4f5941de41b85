import { describe, expect, it } from 'vitest'
import { type ToldExchange, exchangesOf } from '../src/model/messages.ts'

const read = (received: string, sent: string, first = 1): ToldExchange[] => {
  const [into, out] = [Buffer.from(received, 'latin1'), Buffer.from(sent, 'latin1')]
  const segment = {
    at: 0,
    first,
    in: into.toString('base64'),
    out: out.toString('base64'),
    total: { in: into.length, out: out.length },
    pieces: [],
  }
  return exchangesOf(segment, (text) => Buffer.from(text, 'base64'))
}
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('latin1')

describe('the exchanges among bytes', () => {
  it('are told with fields and content, numbered from where the bytes begin', () => {
    const [one, two, ...more] = read(
      'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: x\r\n\r\n',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n',
      5,
    )
    expect(more).toEqual([])
    expect(one).toMatchObject({ exchange: 5, request: { line: 'POST /a HTTP/1.1', complete: true } })
    expect(text(one!.request.content)).toBe('abc')
    expect(one!.response).toMatchObject({ line: 'HTTP/1.1 201 Created', complete: true })
    expect(text(one!.response!.content)).toBe('ok')
    expect(two).toMatchObject({ exchange: 6, response: { line: 'HTTP/1.1 404 Not Found' } })
  })

  it('have the content of chunks without the chunks, and none to HEAD', () => {
    const [chunked] = read(
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    )
    expect(text(chunked!.response!.content)).toBe('abcde')
    const [head] = read('HEAD / HTTP/1.1\r\nHost: x\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n')
    expect(head!.response).toMatchObject({ complete: true })
  })

  it('are told as far as their bytes go', () => {
    const [one] = read('GET / HTTP/1.1\r\nHost: x\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc')
    expect(one!.response).toMatchObject({ complete: false })
    expect(text(one!.response!.content)).toBe('abc')
    expect(read('GET / HTTP/1.1\r\nHost: x\r\n\r\n', '')[0]!.response).toBeUndefined()
    expect(read('no HTTP at all', '').length).toBeLessThan(2)
  })
})
