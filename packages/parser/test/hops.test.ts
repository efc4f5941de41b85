import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { endToEndFields, hasToken } from '../src/fields.ts'

test('what is for one connection only stays there', () => {
  const sent: [string, string][] = [
    ['Host', 'a'],
    ['Connection', 'close, X-Secret, content-length'],
    ['connection', 'x-other, host'],
    ['X-Secret', '1'],
    ['x-Other', '2'],
    ['Keep-Alive', 'timeout=5'],
    ['TE', 'trailers'],
    ['Trailer', 'x'],
    ['Transfer-Encoding', 'chunked'],
    ['Upgrade', 'x'],
    ['Proxy-Connection', 'close'],
    ['Proxy-Authenticate', 'Basic'],
    ['Proxy-Authorization', 'Basic x'],
    ['Content-Length', '5'],
    ['X-Kept', '3'],
    ['x-kept', '4'],
  ]
  expect(endToEndFields(sent)).toEqual([
    ['Host', 'a'],
    ['Content-Length', '5'],
    ['X-Kept', '3'],
    ['x-kept', '4'],
  ])
})

test('nothing that Connection names goes on, and all else does, in its order', () => {
  const name = fc.constantFrom('a', 'B', 'x-c', 'Connection', 'te', 'D')
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.constantFrom('a', 'b, D', ' X-C ,', '"', 'v'))), (list) => {
      const passed = endToEndFields(list)
      const options = list.filter(([n]) => n === 'Connection').map(([, v]) => v)
      const stays = ([n]: [string, string]): boolean =>
        n === 'Connection' || n === 'te' || options.some((o) => hasToken(o, n))
      expect(passed).toEqual(list.filter((one) => !stays(one)))
      expect(endToEndFields(passed)).toEqual(passed)
    }),
  )
})
