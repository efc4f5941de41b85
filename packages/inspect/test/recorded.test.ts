import { describe, expect, it } from 'vitest'
import { readArchive } from '../src/model/archived.ts'
import { readCapture } from '../src/model/captured.ts'
import { pasted } from '../src/model/pasted.ts'
import { exchangesIn } from '../src/model/streams.ts'
import type { Recording } from '../src/model/recording.ts'
import { recordedMessages } from '../page/bytes/recorded-messages.ts'
import { conversation, packets, pcap, pcapng, type Piece } from './packets.ts'
import { Talk } from './talk.ts'

const decode = (text: string): Uint8Array => Buffer.from(text, 'base64')
const latin1 = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('latin1')

/** One line for each connection, as a page would show it. */
function lanes({ state }: Recording): string[] {
  return state.closed.map(
    ({ exchanges, close, error }) =>
      `${exchanges.map(({ method, target, status }) => `${method} ${target} ${status}`).join(', ')} | ${close?.reason}${error ? ` ${error.code} at ${error.offset}` : ''}`,
  )
}

/** What was said, by its contents. */
function said(recording: Recording, connection = 1): string[] {
  return exchangesIn(recording.wire(connection)!.segments, decode).map(
    ({ exchange, request, response }) =>
      `${exchange}: ${request.line} ${latin1(request.content)} -> ${response?.line} ${latin1(response?.content)}`,
  )
}

const turns: [Piece['side'], string][] = [
  ['request', 'POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabc'],
  ['response', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789'],
  ['request', 'GET /b HTTP/1.1\r\nHost: a.example\r\n\r\n'],
  ['response', 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
]

describe('a capture', () => {
  it.each([1, 7, 1460])('has its exchanges, in segments of %i bytes', (size) => {
    const list = packets(conversation(turns, size))
    for (const file of [pcap(list), pcapng(list)]) {
      const recording = readCapture(file)
      expect(lanes(recording)).toEqual(['POST /a 200, GET /b 404 | client-closed'])
      expect(said(recording)).toEqual([
        '1: POST /a HTTP/1.1 abc -> HTTP/1.1 200 OK 0123456789',
        '2: GET /b HTTP/1.1  -> HTTP/1.1 404 Not Found hello',
      ])
      expect(recording.notes).toEqual([])
      const [connection] = recording.state.closed
      expect(connection).toMatchObject({ peer: '10.0.0.1:50000', label: 'to 10.0.0.2:80', requests: 2 })
      const { segments } = recording.wire(1)!
      expect(segments.map(({ total }) => total.in)).toEqual([turns[0]![1].length, turns[2]![1].length])
      expect(connection!.bytesOut).toBe(turns[1]![1].length + turns[3]![1].length)
    }
  })

  it('of IPv6 names addresses in their normal form', () => {
    const [one] = readCapture(pcap(packets(conversation(turns), { isIpv6: true }))).state.closed
    expect(one).toMatchObject({ peer: '[::1]:50000', label: 'to [::2]:80' })
  })

  it('times head, answer and end by the packets that brought them', () => {
    const { state, epoch } = readCapture(pcap(packets(conversation(turns, 30))))
    expect(epoch).toBe(Date.UTC(2026, 0, 1))
    // Two packets of SYN, then one each millisecond.
    const [first] = state.closed[0]!.exchanges
    const [asked, answered] = [turns[0]![1], turns[1]![1]].map((text) => Math.ceil(text.length / 30))
    expect(first).toMatchObject({ headAt: 2, endedAt: 2 + asked! + answered! - 1 })
    expect(first!.at).toBeGreaterThan(first!.headAt)
    expect(first!.repliedAt).toBeGreaterThanOrEqual(2 + asked!)
  })

  it.each<[string, [Piece['side'], string][], string]>([
    [
      'the request asked for the end',
      [
        ['request', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
        ['response', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
      ],
      'GET / 200 | client-asked',
    ],
    [
      'the reply did',
      [
        ['request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
        ['response', 'HTTP/1.1 200 OK\r\n\r\nuntil the end'],
      ],
      'GET / 200 | reply-asked',
    ],
    [
      'nobody said why',
      [
        ['request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
        ['response', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
      ],
      'GET / 200 | server-closed',
    ],
  ])('tells why it ended: %s', (_, said_, lane) => {
    // The server sends its FIN first.
    const pieces = conversation(said_)
    const fins = pieces.splice(-2)
    expect(lanes(readCapture(pcap(packets([...pieces, ...fins.toReversed()]))))).toEqual([lane])
  })

  it('that ends in the middle says so', () => {
    const pieces = conversation(turns).slice(0, 3)
    expect(lanes(readCapture(pcap(packets(pieces))))).toEqual(['POST /a undefined | not-recorded'])
  })

  it('names the first byte that a strict parser refuses, and reads on', () => {
    const recording = readCapture(
      pcap(
        packets(
          conversation([
            ['request', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n'],
            ['response', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
          ]),
        ),
      ),
    )
    expect(lanes(recording)).toEqual(['GET / 200, GET /next 200 | client-closed HOST_REPEATED at 31'])
  })

  it('of TLS says that it is encrypted, and how to see it', () => {
    const recording = readCapture(
      pcap(
        packets(
          conversation([
            ['request', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
            ['response', '\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03'],
          ]),
        ),
      ),
    )
    expect(recording.state.closed[0]).toMatchObject({ label: 'TLS, to 10.0.0.2:80', requests: 0 })
    expect(recording.notes).toEqual([expect.stringMatching(/^1 connection in TLS: encrypted.*HAR/)])
    expect(recording.wire(1)!.segments[0]!.total).toEqual({ in: 11, out: 11 })
  })

  it('of something else says that it is no HTTP', () => {
    const recording = readCapture(pcap(packets(conversation([['request', '*1\r\n$4\r\nPING\r\n']]))))
    expect(lanes(recording)).toEqual([' | client-closed INVALID_METHOD at 2'])
    expect(recording.notes).toEqual(['1 connection with no HTTP/1.1 or HTTP/2 in the clear.'])
  })

  it('whose packets were cut says so, and keeps what is around', () => {
    const list = packets(conversation(turns, 1460))
    const file = pcap(list)
    // The packet with the first answer lacks the end of its content.
    const at = 24 + list.slice(0, 3).reduce((sum, packet) => sum + 16 + packet.length, 0)
    const kept = list[3]!.length - 5
    const whole = Buffer.from(file)
    whole.writeUInt32LE(kept, at + 8)
    const cut = Buffer.concat([whole.subarray(0, at + 16 + kept), whole.subarray(at + 16 + list[3]!.length)])
    const recording = readCapture(cut)
    expect(recording.notes).toEqual([expect.stringContaining('tcpdump -s 0'), expect.stringContaining('has missed')])
    expect(lanes(recording)[0]).toContain('GET /b 404')
    expect(said(recording).at(-1)).toContain('GET /b HTTP/1.1  -> HTTP/1.1 404 Not Found hello')
  })

  it('with a packet missing keeps the exchanges around it', () => {
    const pieces = conversation(turns, 10).filter(({ side, at }) => !(side === 'response' && at === 70))
    const recording = readCapture(pcap(packets(pieces)))
    expect(lanes(recording)).toEqual(['POST /a 200, GET /b 404 | client-closed'])
    expect(recording.notes).toEqual([expect.stringContaining('has missed')])
    expect(recording.wire(1)!.segments[0]!.total.out).toBe(turns[1]![1].length)
  })

  it('without TCP, and an empty one, have no connections', () => {
    expect(readCapture(pcap([Buffer.alloc(60)])).notes).toEqual([expect.stringContaining('1 packet without')])
    expect(readCapture(pcap([])).state.closed).toEqual([])
  })

  it('of more connections than are shown says how many came before', () => {
    const list = Array.from({ length: 801 }, (_, i) => packets(conversation(turns), { clientPort: 1024 + i })).flat()
    const { state, notes } = readCapture(pcap(list))
    expect(state.closed.length).toBeLessThan(801)
    expect(notes).toEqual([
      `Only the last ${state.closed.length} connections are shown; ${801 - state.closed.length} came before them.`,
    ])
  })

  it('of HTTP/2 in the clear has its streams', () => {
    const talk = new Talk()
    for (const path of ['/one', '/two']) talk.ask(path)
    for (const [i, stream] of talk.asked.entries()) talk.answer(stream, '200', i + 2, true)
    const recording = readCapture(
      pcap(
        packets(
          conversation(talk.said.map(({ way, bytes }) => [way === 'in' ? 'request' : 'response', latin1(bytes)])),
        ),
      ),
    )
    expect(lanes(recording)).toEqual(['GET /one 200, GET /two 200 | client-closed'])
    expect(said(recording)).toEqual([
      '1: GET /one HTTP/2  -> HTTP/2 200  \0\0',
      '2: GET /two HTTP/2  -> HTTP/2 200  \0\0\0',
    ])
    expect(recording.wire(1)!.streams?.streams).toHaveLength(2)
  })
})

const read = (...entries: object[]): Recording => readArchive(JSON.stringify({ log: { entries } }))!

describe('an HTTP Archive', () => {
  const message = { httpVersion: 'HTTP/1.1', headers: [{ name: 'Host', value: 'h' }] }
  const entry = (start: number, more: object = {}, url = 'http://h/a'): object => ({
    startedDateTime: new Date(1_700_000_000_000 + start).toISOString(),
    time: 30,
    timings: { send: 5, wait: 15, receive: 10 },
    request: { ...message, method: 'GET', url },
    response: { ...message, status: 200, statusText: 'OK', content: { text: 'aGk=', encoding: 'base64' } },
    ...more,
  })

  it('has its exchanges, those over one connection in one lane', () => {
    const recording = read(entry(0, { connection: '7' }), entry(40, { connection: '7' }, 'http://h/b'), entry(10))
    expect(lanes(recording).toSorted()).toEqual(['GET /a 200 | not-recorded', 'GET /a 200, GET /b 200 | not-recorded'])
    expect(recording.epoch).toBe(1_700_000_000_000)
    expect(recording.state.closed.find(({ id }) => id === 1)!.exchanges[1]).toMatchObject({
      headAt: 40,
      at: 45,
      repliedAt: 60,
      endedAt: 70,
    })
    expect(said(recording)).toEqual([
      '1: GET /a HTTP/1.1  -> HTTP/1.1 200 OK hi',
      '2: GET /b HTTP/1.1  -> HTTP/1.1 200 OK hi',
    ])
  })

  it('has requests without an answer, and content that was sent', () => {
    const post = {
      ...message,
      headers: [...message.headers, { name: 'Transfer-Encoding', value: 'chunked' }],
      method: 'POST',
      url: 'http://h/',
      postData: { text: '/w==', encoding: 'base64' },
    }
    const recording = read(entry(0, { request: post, response: { status: 0, headers: [], content: {} } }))
    expect(lanes(recording)).toEqual(['POST / undefined | not-recorded'])
    expect(said(recording)).toEqual(['1: POST / HTTP/1.1 ÿ -> undefined '])
  })

  it.each([
    ['no JSON', '{'],
    ['other JSON', '{"a":1}'],
    ['no entries', '{"log":{"entries":[]}}'],
  ])('is not %s', (_, text) => expect(readArchive(text)).toBeUndefined())

  it('with entries of any form is read as far as it goes', () => {
    const recording = read(
      entry(0),
      { request: 7 },
      { request: { headers: [null] } },
      { startedDateTime: {}, request: {}, time: 'x' },
    )
    expect(lanes(recording)).toEqual(['GET /a 200 | not-recorded'])
    expect(recording.notes.at(-1)).toBe('3 entries have no request that can be read.')
  })
})

describe('the messages of a file, to choose from', () => {
  const headers = [{ name: 'A', value: 'b' }]
  const entry = {
    request: { method: 'GET', url: 'http://h/path?x', headers },
    response: { status: 201, statusText: 'Created', headers, content: { text: 'aGk=', encoding: 'base64' } },
  }

  it('are requests and responses, by name', () => {
    const { messages } = recordedMessages(Buffer.from(JSON.stringify({ log: { entries: [entry, entry] } })))!
    expect(messages.map(({ name, side }) => [name, side])).toEqual([
      ['GET /path', 'request'],
      ['201 for GET /path', 'response'],
      ['GET /path', 'request'],
      ['201 for GET /path', 'response'],
    ])
    expect(latin1(messages[0]!.bytes)).toBe('GET /path?x HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n')
    expect(latin1(messages[1]!.bytes)).toBe('HTTP/1.1 201 Created\r\nA: b\r\nContent-Length: 2\r\n\r\nhi')
  })

  it('are those of a capture, as they were on the wire', () => {
    const { messages } = recordedMessages(pcap(packets(conversation(turns, 20))))!
    expect(messages.map(({ name }) => name)).toEqual(['POST /a', '200 for POST /a', 'GET /b', '404 for GET /b'])
    expect(latin1(messages[3]!.bytes)).toBe(turns[3]![1])
  })

  it.each([
    ['no JSON', '{'],
    ['other JSON', '[1]'],
    ['null for an entry', '{"log":{"entries":[null]}}'],
    ['fields that are none', '{"log":{"entries":[{"request":{"headers":[null]}}]}}'],
    ['an address that is none', '{"log":{"entries":[{"request":{"url":7}}]}}'],
    ['no base64', '{"log":{"entries":[{"response":{"headers":[],"content":{"text":"?","encoding":"base64"}}}]}}'],
  ])('are none of %s, and nothing is thrown', (_, text) => {
    expect(recordedMessages(Buffer.from(text))?.messages ?? []).toEqual([])
    expect(pasted(text, 'response')).toBeUndefined()
  })
})
