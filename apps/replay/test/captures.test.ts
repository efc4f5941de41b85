import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { FormatError } from '../src/failure.ts'
import { readTransactions } from '../src/read.ts'
import type { Transaction } from '../src/transaction.ts'
import { conversation, packets, pcap, pcapng, type Piece } from '../../../packages/inspect/test/packets.ts'

const folder = mkdtempSync(join(tmpdir(), 'replay-'))
afterAll(() => rmSync(folder, { recursive: true }))

function read(bytes: Buffer, keep = 1e6): Transaction[] {
  const file = join(folder, 'file')
  writeFileSync(file, bytes)
  return [...readTransactions(file, keep)]
}

/** One line for each transaction. */
function lines(bytes: Buffer): string[] {
  return read(bytes).map(({ request, response, deviations }) =>
    [
      request === undefined
        ? 'nothing'
        : `${request.method} ${request.target} ${Buffer.from(request.content).toString()}`,
      '->',
      response === undefined ? 'nothing' : `${response.status} ${Buffer.from(response.content).toString()}`,
      response?.isWhole === false ? `(of ${response.contentBytes})` : '',
      ...deviations.map(({ code }) => code),
    ]
      .join(' ')
      .replaceAll(/ +/g, ' ')
      .trim(),
  )
}

const turns: [Piece['side'], string][] = [
  ['request', 'POST /a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabc'],
  ['response', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789'],
  ['request', 'GET /b HTTP/1.1\r\nHost: a.example\r\n\r\n'],
  ['response', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
]
const expected = ['POST /a abc -> 200 0123456789', 'GET /b -> 200 hello']

describe('every link, format and version of IP', () => {
  for (const linkType of [0, 1, 101, 108, 113, 276])
    for (const isIpv6 of [false, true])
      for (const isBig of [false, true])
        for (const isNano of [false, true])
          test(`link ${linkType}, ${isIpv6 ? 'IPv6' : 'IPv4'}, ${isBig ? 'big' : 'little'} end, ${isNano ? 'nano' : 'micro'}seconds`, () => {
            const list = packets(conversation(turns, 20), { linkType, isIpv6 })
            for (const file of [pcap(list, linkType, { isBig, isNano }), pcapng(list, linkType, { isBig, isNano })]) {
              expect(lines(file)).toEqual(expected)
              expect(read(file)[0]).toMatchObject({ startedAt: Date.UTC(2026, 0, 1) + 4, authority: 'a.example' })
            }
          })
})

describe('reassembly', () => {
  const pieces = conversation(turns, 10)

  test('segments of any size, also where the numbers begin again', () => {
    for (const size of [1, 7, 1000])
      for (const start of [0, 1000, 2 ** 32 - 5, 2 ** 32 - 90])
        expect(lines(pcap(packets(conversation(turns, size), { start })))).toEqual(expected)
  })

  test('resent, overlapping and out of order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(6), { minLength: pieces.length, maxLength: pieces.length }),
        fc.array(fc.boolean(), { minLength: pieces.length, maxLength: pieces.length }),
        (delays, twice) => {
          // segments of each side may arrive a few places late, some twice and some longer than before
          const moved: (Piece & { order: number })[] = []
          for (const [i, piece] of pieces.entries()) {
            if (piece.isSyn === true) {
              moved.push({ ...piece, order: -1 })
              continue
            }
            moved.push({ ...piece, order: i + delays[i]! / 3 })
            if (twice[i] === true && piece.data.length > 0) {
              const next = pieces.slice(i + 1).find((one) => one.side === piece.side)
              const isFollowed = next !== undefined && next.at === piece.at + piece.data.length && next.isFin !== true
              const data = isFollowed ? Buffer.concat([piece.data, next.data.subarray(0, 3)]) : piece.data
              moved.push({ ...piece, data, order: i + 2 })
            }
          }
          // one side responds only to bytes that it has received: a turn is over before the next one begins
          const turnOf = (i: number): number =>
            pieces.slice(0, i).filter((one, k) => one.side !== pieces[k + 1]!.side).length
          const at = new Map(pieces.map((piece, i) => [`${piece.side} ${piece.at}`, turnOf(i)]))
          moved.sort((a, b) => at.get(`${a.side} ${a.at}`)! - at.get(`${b.side} ${b.at}`)! || a.order - b.order)
          expect(lines(pcap(packets(moved)))).toEqual(expected)
        },
      ),
    )
  })

  test('a segment that the capture has missed, in content of known length', () => {
    const missed = pieces.filter(({ side, at }) => !(side === 'response' && at === 40))
    expect(lines(pcap(packets(missed)))).toEqual([
      expect.stringMatching(/^POST \/a abc -> 200 .*\(of \d+\)$/),
      expected[1],
    ])
  })

  test('a segment that the capture has missed, in a head', () => {
    const missed = pieces.filter(({ side, at }) => !(side === 'response' && at === 10))
    expect(lines(pcap(packets(missed)))).toContainEqual(expect.stringContaining('200 hello'))
  })

  test('a capture that begins in the middle', () => {
    const all = lines(pcap(packets(pieces.slice(6))))
    expect(all.at(-1)).toBe(expected[1])
  })

  test('a capture that ends in the middle', () => {
    const list = packets(pieces)
    for (let count = 0; count < list.length; count++)
      for (const line of lines(pcap(list.slice(0, count)))) expect(line).toMatch(/^(POST|GET) /)
    const file = pcap(list)
    for (let cut = 24; cut < file.length; cut += 7) expect(() => lines(file.subarray(0, cut))).not.toThrow()
  })

  test('two connections at a time, and the same ports again', () => {
    const other = packets(conversation(turns, 10), { clientPort: 50_001 })
    const one = packets(pieces)
    const mixed = one.flatMap((packet, i) => [packet, other[i]!])
    expect(lines(pcap([...mixed, ...one])).toSorted()).toEqual([...expected, ...expected, ...expected].toSorted())
  })
})

describe('what the real web sends', () => {
  test('is read, and told', () => {
    const odd = conversation([
      ['request', 'GET /a b HTTP/1.1\nHost: a\n\n'],
      ['response', 'HTTP/1.0 200\r\nX : y\r\nContent-Length: 2\r\n\r\nok'],
    ])
    expect(lines(pcap(packets(odd)))).toEqual([
      'GET /a b -> 200 ok INVALID_VERSION INVALID_LINE_END INVALID_LINE_END INVALID_LINE_END INVALID_STATUS FIELD_NAME_WHITESPACE',
    ])
  })

  test('interim responses are no answers, HEAD has no content, a response may come from nowhere', () => {
    const odd = conversation([
      ['request', 'HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n'],
      ['response', 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
      ['response', 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n'],
    ])
    expect(lines(pcap(packets(odd)))).toEqual(['HEAD /a -> 200', 'nothing -> 408 UNEXPECTED_RESPONSE'])
  })

  test('other protocols are passed over', () => {
    const tls = conversation([
      ['request', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
      ['response', '\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03'],
    ])
    expect(lines(pcap(packets(tls)))).toEqual([])
  })

  test('content beyond what is kept is counted', () => {
    const [first] = read(pcap(packets(conversation(turns))), 4)
    expect(Buffer.from(first!.response!.content).toString()).toBe('0123')
    expect(first!.response).toMatchObject({ contentBytes: 10, isWhole: false })
  })
})

describe('damaged files', () => {
  test('any bytes behind the head of a capture end it, or are told', () => {
    for (const file of [pcap(packets(conversation(turns))), pcapng(packets(conversation(turns)))])
      fc.assert(
        fc.property(fc.nat(file.length - 25), fc.uint8Array({ minLength: 1, maxLength: 8 }), (at, noise) => {
          const bytes = Buffer.from(file)
          bytes.set(noise.subarray(0, bytes.length - at - 24), at + 24)
          let thrown: unknown
          try {
            lines(bytes)
          } catch (error) {
            thrown = error
          }
          expect(thrown instanceof FormatError ? undefined : thrown).toBeUndefined()
        }),
      )
  })
  test('nothing, and nothing known', () => {
    expect(() => read(Buffer.alloc(0))).toThrow('is empty')
    expect(() => read(Buffer.from('hello'))).toThrow('is no HAR file, pcap, pcapng, access log')
  })
})
