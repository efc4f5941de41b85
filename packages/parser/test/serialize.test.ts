import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BodyDecoder, BodyEvent, BodyKind, decodeLatin1, parseRequest, parseResponse } from '../src/index.ts'
import { splitTarget } from '../src/fields.ts'
import {
  appendField,
  chunkPrefix,
  isFieldName,
  isFieldValue,
  LAST_CHUNK,
  reasonPhrase,
  type ResponseHeadInit,
  requestHead,
  requestLine,
  responseHead,
  statusLine,
  trailerSection,
} from '../src/serialize.ts'
import { bytesOf, textOf } from './replay.ts'

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9a-zA-Z-]{1,20}$/)
const value = fc.stringMatching(/^([\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]{0,30}[\x21-\x7e\x80-\xff])?)?$/)
const special = ['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'expect']
const fields = fc.array(
  fc.tuple(
    token.filter((name) => !special.includes(name.toLowerCase())),
    value,
  ),
  { maxLength: 10 },
)
const lower = (list: [string, string][]): [string, string][] => list.map(([n, v]) => [n.toLowerCase(), v])

describe('what is written is read back', () => {
  test('requests', () => {
    const target = fc.stringMatching(/^\/[\x21\x24-\x3b\x3d\x3f-\x5b\x5d-\x7e]{0,40}$/)
    fc.assert(
      fc.property(
        token.filter((m) => m !== 'CONNECT'),
        target,
        fields,
        (method, to, list) => {
          const all: [string, string][] = [['Host', 'a.example'], ...list]
          const bytes = requestHead(method, to, all)
          const { head, consumed } = parseRequest(bytes, { fields: 20 })!
          expect([consumed, head.method, head.target, [...head]]).toEqual([bytes.length, method, to, lower(all)])
          expect(requestHead(head.method, head.target, head)).toEqual(requestHead(method, to, lower(all)))
        },
      ),
    )
  })

  test('responses', () => {
    const reason = fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,30}$/)
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), reason, fields, (status, phrase, list) => {
        const bytes = responseHead(status, list, { reason: phrase })
        const { head, consumed } = parseResponse(bytes)!
        expect([consumed, head.status, head.reason, [...head]]).toEqual([bytes.length, status, phrase, lower(list)])
      }),
    )
  })

  test('chunks and trailers', () => {
    const chunk = fc.stringMatching(/^[\s\S]{1,40}$/).map((s) => s.replace(/[^\0-\xff]/g, 'x'))
    const trailers = fields.map((list) => list.map(([n, v]): [string, string] => [`X-${n}`, v]))
    fc.assert(
      fc.property(fc.array(chunk), trailers, (chunks, list) => {
        const end = list.length === 0 ? LAST_CHUNK : textOf(trailerSection(list))
        const bytes = bytesOf(chunks.map((c) => `${chunkPrefix(c.length)}${c}\r\n`).join('') + end)
        const decoder = new BodyDecoder()
        decoder.reset(BodyKind.Chunked, 0)
        let data = ''
        let p = 0
        let event = decoder.next(bytes, p, bytes.length)
        while (event === BodyEvent.Data) {
          data += decodeLatin1(bytes, decoder.dataStart, decoder.dataEnd)
          p = decoder.pos
          event = decoder.next(bytes, p, bytes.length)
        }
        expect([event, decoder.pos, data]).toEqual([BodyEvent.End, bytes.length, chunks.join('')])
        expect(decoder.trailers ?? []).toEqual(lower(list))
      }),
    )
  })
})

describe('what cannot be read back is refused', () => {
  const bad = ['a\r\nb', 'a\nb', 'a\rb', 'a\0b', '\x7f', 'a\x01', '\u0100', '\u{1f600}', ' a', 'a ', '\ta', 'a\t']
  test.each(bad)('value %j', (v) => {
    expect(isFieldValue(v)).toBe(false)
    expect(() => appendField('', 'x', v)).toThrow(TypeError)
    expect(() => trailerSection([['x', v]])).toThrow(TypeError)
  })
  test.each(['', ' ', 'a b', 'a:', 'a\r\n', 'é', '\u0141', '"', 'a\0'])('name %j', (n) => {
    expect(isFieldName(n)).toBe(false)
    expect(() => appendField('', n, 'v')).toThrow(TypeError)
    expect(() => requestLine(n, '/')).toThrow(TypeError)
  })
  test.each(['', 'a b', '/a\r\nX: y', '/é', '/a#b', '/"', '/\u0141', '/\0'])('target %j', (t) => {
    expect(() => requestLine('GET', t)).toThrow(TypeError)
  })
  test.each(['a', 'http:///', '*', 'a:1'])('target %j of GET', (t) => {
    expect(() => requestHead('GET', t, [['host', 'a']])).toThrow(expect.objectContaining({ code: 'INVALID_TARGET' }))
  })
  test.each([99, 1000, 20.5, NaN])('status %d', (s) => expect(() => statusLine(s)).toThrow(TypeError))
  test.each(['a\r\nX: y', '\0', '\u0100'])('reason %j', (r) => expect(() => statusLine(200, r)).toThrow(TypeError))
  test.each([0, -1, 1.5, NaN, Infinity, 2 ** 53])('chunk of %d bytes', (n) =>
    expect(() => chunkPrefix(n)).toThrow(TypeError),
  )
  test.each([
    [[], 'HOST_MISSING'],
    [
      [
        ['host', 'a'],
        ['Host', 'a'],
      ],
      'HOST_REPEATED',
    ],
    [[['host', 'a b']], 'HOST_INVALID'],
    [
      [
        ['host', 'a'],
        ['content-length', '1'],
        ['content-length', '1'],
      ],
      'LENGTH_CONFLICT',
    ],
    [
      [
        ['host', 'a'],
        ['content-length', '+1'],
      ],
      'LENGTH_INVALID',
    ],
    [
      [
        ['host', 'a'],
        ['content-length', '1'],
        ['transfer-encoding', 'chunked'],
      ],
      'CODING_WITH_LENGTH',
    ],
    [
      [
        ['host', 'a'],
        ['transfer-encoding', 'gzip, chunked'],
      ],
      'CODING_UNSUPPORTED',
    ],
  ] as [[string, string][], string][])('request with %j: %s', (list, code) => {
    expect(() => requestHead('POST', '/', list)).toThrow(expect.objectContaining({ code }))
  })
  test('response with conflicting framing', () => {
    const list: [string, string][] = [
      ['content-length', '1'],
      ['transfer-encoding', 'chunked'],
    ]
    expect(() => responseHead(200, list)).toThrow(expect.objectContaining({ code: 'CODING_WITH_LENGTH' }))
  })
})

test('status lines', () => {
  expect(statusLine(200)).toBe('HTTP/1.1 200 OK\r\n')
  expect(statusLine(200)).toBe('HTTP/1.1 200 OK\r\n')
  expect(statusLine(200, '')).toBe('HTTP/1.1 200 \r\n')
  expect(statusLine(799)).toBe('HTTP/1.1 799 \r\n')
  expect(reasonPhrase(404)).toBe('Not Found')
  expect(reasonPhrase(999)).toBe('')
})

test.each([
  ['/a/b?c=d?e', 0, ['/a/b', '?c=d?e', '', '']],
  ['//a?', 0, ['//a', '?', '', '']],
  ['HTTP://A:80/x?y', 1, ['/x', '?y', 'A:80', 'http']],
  ['http://a', 1, ['/', '', 'a', 'http']],
  ['http://a?b/c', 1, ['/', '?b/c', 'a', 'http']],
  ['a:443', 2, ['', '', 'a:443', '']],
  ['*', 3, ['*', '', '', '']],
] as const)('the parts of %s', (target, form, [path, query, authority, scheme]) => {
  expect(splitTarget(target, form)).toEqual({ path, query, authority, scheme })
})

describe('writers give bytes', () => {
  test('a value above U+007F is one byte for each character', () => {
    expect(
      textOf(
        requestHead('GET', '/', [
          ['host', 'a'],
          ['x', '\xc3\xa9'],
        ]),
      ),
    ).toBe('GET / HTTP/1.1\r\nhost: a\r\nx: \xc3\xa9\r\n\r\n')
    expect(textOf(trailerSection({ x: '\xe9' }))).toBe('0\r\nx: \xe9\r\n\r\n')
  })

  test('fields may be pairs, objects as HAR has them, a Headers, a Map, or one object', () => {
    const wanted = textOf(
      responseHead(200, [
        ['a', '1'],
        ['b', '2'],
        ['b', '3'],
      ]),
    )
    for (const init of [
      [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
        { name: 'b', value: '3' },
      ],
      { a: '1', b: ['2', '3'] },
      parseResponse(bytesOf(wanted))!.head,
    ])
      expect(textOf(responseHead(200, init))).toBe(wanted)
    expect(textOf(responseHead(200, new Map([['a', '1']])))).toBe('HTTP/1.1 200 OK\r\na: 1\r\n\r\n')
    expect(textOf(responseHead(200, new Headers({ a: '1' })))).toBe('HTTP/1.1 200 OK\r\na: 1\r\n\r\n')
  })

  test('HTTP/1.0', () => {
    expect(textOf(requestHead('GET', '/', [], { minorVersion: 0 }))).toBe('GET / HTTP/1.0\r\n\r\n')
    expect(textOf(responseHead(200, [], { minorVersion: 0, reason: '' }))).toBe('HTTP/1.0 200 \r\n\r\n')
    const coded = [['transfer-encoding', 'chunked']] as const
    const code = expect.objectContaining({ code: 'CODING_IN_HTTP10' })
    for (const status of [200, 304]) expect(() => responseHead(status, coded, { minorVersion: 0 })).toThrow(code)
  })
})

describe('what a sender must not generate', () => {
  test.each([100, 101, 103, 199, 204])('a length or a coding in %d', (status) => {
    for (const field of ['content-length', 'Transfer-Encoding']) {
      const message = `Invalid field ${field} in a response that cannot have content`
      const text = field === 'content-length' ? '0' : 'chunked'
      expect(() => responseHead(status, [[field, text]])).toThrow(new TypeError(message))
    }
  })
  test('either in a successful answer to CONNECT', () => {
    const list = [['content-length', '0']] as const
    expect(() => responseHead(200, list, { requestMethod: 'CONNECT' })).toThrow(TypeError)
    expect(responseHead(200, list, { requestMethod: 'HEAD' })).toHaveLength(38)
    expect(responseHead(407, list, { requestMethod: 'CONNECT' })).not.toHaveLength(0)
  })
  test('a length and a coding in a 304', () => {
    const both = { 'content-length': '5', 'transfer-encoding': 'chunked' }
    expect(() => responseHead(304, both)).toThrow(expect.objectContaining({ code: 'CODING_WITH_LENGTH' }))
  })
  test.each(['Content-Length', 'transfer-encoding', 'HOST', 'authorization', 'content-type', 'set-cookie'])(
    '%s as a trailer',
    (name) => expect(() => trailerSection([[name, '0']])).toThrow(new TypeError(`Invalid trailer field ${name}`)),
  )
})

describe('what is no text says so, whatever came before', () => {
  test.each([
    [5, 'number'],
    [undefined, 'undefined'],
    [null, 'object'],
    [['a'], 'object'],
  ])('%o', (given, kind) => {
    const it = given as never
    const message = (what: string): TypeError => new TypeError(`Invalid ${what}: not text but ${kind}`)
    expect(() => appendField('', 'x', it)).toThrow(message('value of the field x'))
    expect(() => appendField('', it, 'x')).toThrow(message('field name'))
    expect(() => requestLine(it, '/')).toThrow(message('method'))
    expect(() => requestLine('GET', it)).toThrow(message('request target'))
    expect([isFieldName(it), isFieldValue(it)]).toEqual([false, false])
  })
  test('a status', () => {
    statusLine(200)
    for (const status of ['200', null, [200]]) expect(() => statusLine(status as never)).toThrow(TypeError)
    expect(() => statusLine(200, 5 as never)).toThrow(TypeError)
    expect(() => statusLine(200, 'OK', 2 as never)).toThrow(TypeError)
  })
  test('a character above U+00FF', () => {
    const message = 'Invalid value of the field x: a character above U+00FF'
    expect(() => appendField('', 'x', '\u0100')).toThrow(new TypeError(message))
  })
})

describe('options of a head', () => {
  /** The compiler asks for every option there is. */
  const wrong: Record<keyof ResponseHeadInit, unknown> = { reason: 5, minorVersion: 2, requestMethod: 'GET ' }

  test.each(Object.entries(wrong))('%s is not %o', (name, given) => {
    for (const one of [given, Symbol('x'), {}]) expect(() => responseHead(200, [], { [name]: one })).toThrow(TypeError)
    expect(() => responseHead(200, [], { [name]: undefined })).not.toThrow()
    expect(() => responseHead(200, [], { [`${name}s`]: undefined })).toThrow(
      new TypeError(`${name}s is not an option: ${Object.keys(wrong).join(', ')}`),
    )
  })

  test('of a request: the version alone', () => {
    const host = [['Host', 'a']] as const
    expect(() => requestHead('GET', '/', host, { minorVersion: undefined as never })).not.toThrow()
    for (const minorVersion of [2, '1', null])
      expect(() => requestHead('GET', '/', host, { minorVersion: minorVersion as never })).toThrow(TypeError)
    expect(() => requestHead('GET', '/', host, { version: 1 } as never)).toThrow(
      new TypeError('version is not an option: minorVersion'),
    )
  })
})

test('a backslash has its place in a query, and nowhere else', () => {
  expect(requestLine('GET', '/a?b\\c?\\')).toBe('GET /a?b\\c?\\ HTTP/1.1\r\n')
  for (const target of ['/a\\b', '\\', '/\\?a', 'http://a/\\b'])
    expect(() => requestLine('GET', target)).toThrow(TypeError)
})

test.each([
  [102, 'Processing'],
  [208, 'Already Reported'],
  [226, 'IM Used'],
  [305, 'Use Proxy'],
  [306, ''],
  [418, ''],
  [431, 'Request Header Fields Too Large'],
  [451, 'Unavailable For Legal Reasons'],
  [506, 'Variant Also Negotiates'],
  [508, 'Loop Detected'],
  [509, ''],
  [510, 'Not Extended'],
  [511, 'Network Authentication Required'],
  [512, ''],
])('the registered phrase of %d', (status, phrase) => expect(reasonPhrase(status)).toBe(phrase))
