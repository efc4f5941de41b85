import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { pasted } from '../src/model/pasted.ts'
import { otherProtocol } from '../src/model/protocols.ts'

const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString('latin1')

const get = 'GET /a HTTP/1.1\r\nHost: b\r\nA: c\r\n\r\n'

const rows = (all: Uint8Array): [number, Uint8Array][] =>
  Array.from({ length: Math.ceil(all.length / 16) }, (_, i) => [i * 16, all.subarray(i * 16, i * 16 + 16)])
const hex = (part: Uint8Array, every: number): string =>
  Array.from(part, (byte, i) => byte.toString(16).padStart(2, '0') + ((i + 1) % every === 0 ? ' ' : '')).join('')
const seen = (part: Uint8Array): string =>
  Buffer.from(part)
    .toString('latin1')
    .replaceAll(/[^ -~]/g, '.')
const offset = (at: number, length: number): string => at.toString(16).padStart(length, '0')

describe('a dump', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 })
  test.each<[string, (at: number, part: Uint8Array) => string]>([
    [
      'hexdump -C',
      (at, part) =>
        `${offset(at, 8)}  ${`${hex(part.subarray(0, 8), 1)} ${hex(part.subarray(8), 1)}`.padEnd(50)}|${seen(part)}|`,
    ],
    ['xxd', (at, part) => `${offset(at, 8)}: ${hex(part, 2).padEnd(41)} ${seen(part)}`],
    ['tcpdump -X', (at, part) => `\t0x${offset(at, 4)}:  ${hex(part, 2).padEnd(40)}  ${seen(part)}`],
  ])('of %s gives its bytes', (_, row) => {
    fc.assert(
      fc.property(bytes, (all) => {
        const text = rows(all)
          .map(([at, part]) => row(at, part))
          .join('\n')
        expect([...pasted(`${text}\n`, 'request')!.bytes]).toEqual([...all])
      }),
    )
  })

  it('has its repeated rows', () => {
    const row = '00 '.repeat(8)
    const text = `00000000  ${row} ${row} |................|\n*\n00000030  47 45 54  |GET|\n00000033\n`
    expect(textOf(pasted(text, 'request')?.bytes)).toBe(`${'\0'.repeat(48)}GET`)
  })
})

describe('curl -v', () => {
  const text = `* Trying 127.0.0.1:80...
> GET /a HTTP/1.1
> Host: b
> A: c
>${' '}
* Request completely sent off
< HTTP/1.1 200 OK
< Content-Length: 5
<${' '}
{ [5 bytes data]
hello
* Connection #0 to host b left intact`
  it('gives what was sent, and what was received', () => {
    expect(textOf(pasted(text, 'request')?.bytes)).toBe(get)
    expect(textOf(pasted(text, 'response')?.bytes)).toBe('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
  })

  it('gives what there is', () => {
    const sent = text.slice(0, text.indexOf('<'))
    expect(pasted(sent, 'response')?.side).toBe('request')
  })
})

describe('a command line of curl', () => {
  it.each([
    [
      String.raw`curl 'http://b/a' \
  -H 'A: c'`,
      get,
    ],
    ['curl "http://b/a" --header "A: c"', get],
    [String.raw`curl http://b/a -H $'A: c' --compressed`, get],
    [
      String.raw`curl -X PUT http://b/ -H 'Content-Type: text/plain' --data-raw 'it'\''s'`,
      "PUT / HTTP/1.1\r\nHost: b\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nit's",
    ],
    [
      'curl http://b/ -d a=1 -d b=2',
      'POST / HTTP/1.1\r\nHost: b\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\n\r\na=1&b=2',
    ],
  ])('%s', (text, bytes) => expect(textOf(pasted(text, 'response')?.bytes)).toBe(bytes))
})

describe('what browsers copy', () => {
  it('as an archive', () => {
    const headers = [
      { name: 'Host', value: 'b' },
      { name: 'A', value: 'c' },
    ]
    const entry = {
      request: { method: 'GET', url: 'http://b/a', headers },
      response: {
        status: 200,
        statusText: 'OK',
        headers: [{ name: 'Content-Encoding', value: 'gzip' }],
        content: { text: 'aGk=', encoding: 'base64' },
      },
    }
    const text = JSON.stringify({ log: { entries: [entry] } })
    expect(textOf(pasted(text, 'request')?.bytes)).toBe(get)
    expect(textOf(pasted(text, 'response')?.bytes)).toBe('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')
  })

  it.each([
    [':method: GET\n:authority: b\n:path: /a\n:scheme: https\na: c'],
    [':authority\nb\n:method\nGET\n:path\n/a\n:scheme\nhttps\na\nc'],
  ])('as fields of HTTP/2', (text) => expect(textOf(pasted(text, 'request')?.bytes)).toBe(get.replace('A: c', 'a: c')))
})

describe('any other text', () => {
  it.each(['', get, 'hello', '{"a":1}', '{', 'curl', 'curl --help', '> quoted', '1234 5678', ':smile:'])(
    '%j stands for itself',
    (text) => expect(pasted(text, 'request')).toBeUndefined(),
  )

  it('never throws', () => {
    const word = fc.constantFrom(
      'curl ',
      "'",
      '"',
      '\\',
      '$',
      '-H ',
      'http://a',
      '{',
      ':path: ',
      '> ',
      'GET / HTTP/1.1',
      '\n',
      '00000000  ',
      '41 ',
      '*',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 5 }))), (words) => {
        const found = pasted(words.join(''), 'request')
        expect(found?.bytes ?? new Uint8Array(0)).toBeInstanceOf(Uint8Array)
      }),
    )
  })
})

describe('other protocols', () => {
  it.each<[string, string | undefined]>([
    ['\x16\x03\x01\x02\x00\x01', 'TLS'],
    ['\x15\x03\x03\x00\x02\x02\x28', 'alert of TLS'],
    ['\r\n\r\n\0\r\nQUIT\n\x21', 'PROXY'],
    ['PROXY TCP4 127.0.0.1', 'PROXY'],
    ['SSH-2.0-OpenSSH', 'SSH'],
    ['GET / HTTP/1.1', undefined],
    ['\r\n\r\nGET /', undefined],
    ['', undefined],
  ])('%j', (text, said) => {
    const found = otherProtocol(Buffer.from(text, 'latin1'))
    expect(found ?? '').toContain(said ?? '')
    expect(found === undefined).toBe(said === undefined)
  })
})
