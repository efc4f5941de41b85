import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventsOf, partsOf } from '../src/model/parts-of.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const shown = (parts: ReturnType<typeof partsOf>): unknown =>
  parts?.map(({ content, ...about }) => ({ ...about, text: Buffer.from(content).toString('latin1') }))

describe('parts of multipart', () => {
  const form =
    '--XX\r\nContent-Disposition: form-data; name="a"\r\n\r\none\r\n' +
    '--XX\r\ncontent-disposition: form-data; name="b\\"c"; filename="f.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\r\nx\r\n--XX--\r\n'

  it('are told with their names, types and bytes', () => {
    expect(shown(partsOf(bytes(form), 'multipart/form-data; boundary=XX'))).toEqual([
      { name: 'a', type: '', text: 'one' },
      { name: 'b\\"c', filename: 'f.png', type: 'image/png', text: '\x89PNG\r\n\r\nx' },
    ])
    expect(partsOf(bytes(`preamble\r\n${form}`), 'multipart/mixed; charset=x; boundary="XX"')).toHaveLength(2)
  })

  it.each([
    ['a type without a boundary', form, 'multipart/form-data'],
    ['another boundary', form, 'multipart/form-data; boundary=YY'],
    ['nothing', '', 'multipart/form-data; boundary=XX'],
    ['the end alone', '--XX--\r\n', 'multipart/form-data; boundary=XX'],
  ])('are none: %s', (_, text, type) => expect(partsOf(bytes(text), type)).toBeUndefined())

  it('are told as far as they were kept, wherever they are cut', () => {
    for (let end = 0; end < form.length; end++) {
      const parts = partsOf(bytes(form.slice(0, end)), 'multipart/form-data; boundary=XX') ?? []
      expect(parts.length).toBeLessThanOrEqual(2)
      for (const [i, { content }] of parts.entries())
        expect(['one', '\x89PNG\r\n\r\nx'][i]).toContain(
          Buffer.from(content)
            .toString('latin1')
            .replace(/\r?\n?-*X*$/, ''),
        )
    }
  })

  it('are told of any bytes, without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.stringMatching(/^[\w'()+,./:=?-]{1,20}$/), (any, boundary) => {
        const framed = Buffer.concat([Buffer.from(`--${boundary}\r\n`), any])
        expect(partsOf(framed, `multipart/x;boundary="${boundary}"`)).toHaveLength(1)
        partsOf(any, `multipart/form-data; boundary=${boundary}`)
      }),
    )
  })
})

describe('events of a stream', () => {
  it('are told with type, id and data', () => {
    expect(eventsOf('\ufeff: hello\n\nid: 1\nevent: say\ndata: a\ndata:  b\n\ndata\n\ndata: last')).toEqual([
      { type: 'say', id: '1', data: 'a\n b' },
      { type: 'message', data: '' },
      { type: 'message', data: 'last' },
    ])
  })

  it.each(['\r\n', '\r', '\n'])('end their lines with %j', (end) => {
    expect(eventsOf(['data: a', '', 'data: b', '', ''].join(end)).map(({ data }) => data)).toEqual(['a', 'b'])
  })

  it('are told of any text, without an error', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(Array.isArray(eventsOf(text))).toBe(true)
      }),
    )
  })
})
