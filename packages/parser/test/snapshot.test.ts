/* Fields are found in the text of a head as in a list of names and values. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseRequest } from '../src/index.ts'
import { bytesOf } from './replay.ts'

// few names, some of which begin like others, and values that look like field lines
const name = fc.constantFrom('a', 'A', 'ab', 'aB', 'b', 'cookie', 'COOKIE', '__proto__')
const value = fc.constantFrom('', 'b', 'b: c', ':', 'a:b', 'ab', 'x  y')
const line = fc.tuple(name, value, fc.constantFrom('', ' ', '\t '))
const asked = fc.oneof(name, fc.constantFrom('', 'a:', 'a:b', 'ab:b', ':', 'host', 'c', 'a '))

test('whatever is asked for, what was sent is found', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), asked, (lines, wanted) => {
      const sent = lines.map(([field, content, space]) => `${field}:${space}${content}${space}\r\n`).join('')
      const { head } = parseRequest(bytesOf(`GET / HTTP/1.1\r\nHost: h\r\n${sent}\r\n`))!
      const all = [['host', 'h'], ...lines.map(([field, content]) => [field.toLowerCase(), content])]
      const values = all.filter(([field]) => field === wanted.toLowerCase()).map(([, content]) => content)
      expect([...head]).toEqual(all)
      expect(head.getAll(wanted)).toEqual(values)
      expect(head.has(wanted)).toBe(values.length > 0)
      const joined = values.join(wanted.toLowerCase() === 'cookie' ? '; ' : ', ')
      expect(head.get(wanted)).toBe(values.length === 0 ? null : joined)
    }),
    { numRuns: 500 },
  )
})
