import { readFileSync, readdirSync } from 'node:fs'
import { RequestHead } from '@spillway/parser'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isHttp2 } from '../src/model/frames.ts'
import { type Reading, readBytes } from '../src/model.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')
/** The kinds with their text, as `kind:text`. */
const told = (text: string, side: 'request' | 'response' = 'request', options = {}): string[] =>
  readBytes(bytes(text), side, options).tokens.map(
    ({ from, to, kind }) => `${kind}:${JSON.stringify(text.slice(from, to)).slice(1, -1)}`,
  )

/** Every byte is in one token, in order. */
function covers({ tokens }: Reading, length: number): boolean {
  let at = 0
  for (const { from, to } of tokens) {
    if (from !== at || to <= from) return false
    at = to
  }
  return at === length
}

describe('tokens', () => {
  it('name each part of a head', () => {
    expect(told('GET /a HTTP/1.1\r\nHost: b\r\nX:  1 \r\n\r\n')).toEqual([
      'method:GET',
      'mark: ',
      'target:/a',
      'mark: ',
      'version:HTTP/1.1',
      'eol:\\r\\n',
      'name:Host',
      'mark:: ',
      'known:b',
      'eol:\\r\\n',
      'name:X',
      'mark::  ',
      'value:1',
      'mark: ',
      'eol:\\r\\n',
      'end:\\r\\n',
    ])
  })

  it('show chunks, extensions and trailers, and the message behind them', () => {
    const head = 'POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n'
    const wire = `${head}3;a=1\r\nabc\r\n0\r\nX-T: 1\r\n\r\nGET`
    expect(told(wire).slice(15)).toEqual([
      'size:3',
      'extension:;a=1',
      'eol:\\r\\n',
      'data:abc',
      'eol:\\r\\n',
      'size:0',
      'eol:\\r\\n',
      'name:X-T',
      'mark:: ',
      'value:1',
      'eol:\\r\\n',
      'end:\\r\\n',
      'method:GET',
    ])
    const { messages } = readBytes(bytes(wire), 'request')
    expect(messages.map(({ line, complete }) => [line, complete])).toEqual([
      ['POST / HTTP/1.1', true],
      ['GET', false],
    ])
    expect(messages[0]!.facts).toContainEqual(['Seen of it', '3 bytes in 1 chunk'])
  })

  it('mark the wrong byte where the parser sees it, in heads and in content', () => {
    const twice = 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'
    const { fault, tokens } = readBytes(bytes(twice), 'request')
    expect(fault).toMatchObject({ code: 'HOST_REPEATED', at: twice.indexOf('b'), status: 400 })
    expect(tokens.find(({ kind }) => kind === 'wrong')).toMatchObject({ from: fault!.at, to: fault!.at + 1 })
    const good = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
    const head = 'POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n'
    const second = readBytes(bytes(`${good}${head}3\r\nabcd`), 'request')
    expect(second.fault).toMatchObject({ code: 'CHUNK_END_INVALID', offset: head.length + 6 })
    expect(second.fault!.at).toBe(good.length + head.length + 6)
    // Whatever the head says, nobody reads on behind that.
    expect(second.messages.map(({ facts }) => Object.fromEntries(facts)['Connection'])).toEqual([
      'may be kept for another request',
      'ends with this message',
    ])
  })

  it('frame responses by what was asked, and stop behind a switch of protocols', () => {
    const wire = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'
    expect(told(wire, 'response', { methods: ['HEAD'] }).at(-1)).toBe('end:\\r\\n')
    expect(readBytes(bytes(wire), 'response', { methods: ['HEAD'] }).messages[0]!.complete).toBe(true)
    expect(readBytes(bytes(wire), 'response').messages[0]!.complete).toBe(false)
    expect(told(`HTTP/1.1 101 X\r\n\r\n\x81\x01`, 'response').at(-1)).toMatch(/^rest:/)
    const asked = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'
    expect(told(`${asked}GET`, 'request', { upgraded: true }).at(-1)).toBe('rest:GET')
    expect(told(`${asked}GET`).at(-1)).toBe('method:GET')
    expect(told('HTTP/1.0 200 \r\n\r\nabc', 'response').at(-1)).toBe('data:abc')
  })

  it('cover every byte of every case of the parser, whole and cut, and agree with it', () => {
    const folder = new URL('../../../packages/parser/vectors/', import.meta.url)
    let cases = 0
    const bad: string[] = []
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
      const content = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as unknown
      for (const text of JSON.stringify(content).match(/"(?:[^"\\]|\\.)*"/g) ?? []) {
        const wire = bytes(JSON.parse(text) as string)
        if (wire.length < 12 || wire.length > 600) continue
        cases++
        for (const side of ['request', 'response'] as const) {
          for (const cut of [wire.length, wire.length - 1, wire.length >> 1])
            if (!covers(readBytes(wire.subarray(0, cut), side), cut)) bad.push(text)
        }
        const head = new RequestHead()
        const used = head.parse(wire, 0, wire.length)
        const { fault } = readBytes(wire, 'request')
        // What begins with its preface is HTTP/2.
        if (used < 0 && fault?.code !== head.error && !isHttp2(wire, 'request')) bad.push(text)
      }
    }
    expect(bad).toEqual([])
    expect(cases).toBeGreaterThan(400)
  })

  it('cover anything at all', () => {
    const piece = fc.constantFrom(
      'GET / HTTP/1.1\r\n',
      'Host: a\r\n',
      '\r\n',
      'Transfer-Encoding: chunked\r\n',
      '3\r\nabc\r\n',
    )
    const wire = fc.array(fc.oneof(piece, fc.string({ maxLength: 6, unit: 'binary-ascii' })), { maxLength: 12 })
    fc.assert(
      fc.property(wire, fc.constantFrom('request' as const, 'response' as const), (parts, side) => {
        const all = bytes(parts.join(''))
        expect(covers(readBytes(all, side), all.length)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
