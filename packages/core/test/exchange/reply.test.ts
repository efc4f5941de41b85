import { describe, expect, it } from 'vitest'
import { type Context, Reply } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { get, replies } from '../support.ts'

const original = (c: Context): Reply => c.text('x', { headers: { 'X-A': '1' } })

describe('a reply stands for another', () => {
  it.each<[string, (c: Context) => Reply]>([
    ['as its Proxy', (c) => new Proxy(original(c), {})],
    ['as its prototype', (c) => Object.create(original(c)) as Reply],
  ])('%s, again and again', (_, handler) => {
    const client = testServer(handler).connect()
    client.send(get().repeat(4))
    const all = replies(client.received).map(({ status, fields, body }) => [status, fields.get('x-a'), body])
    expect(all).toEqual(Array.from({ length: 4 }, () => [200, '1', 'x']))
  })
})

describe('the fields of replies', () => {
  it('begin alike, and belong to one alone once they are changed', () => {
    let n = 0
    const t = testServer((c) => {
      const reply = c.text('x')
      if (n++ % 2 === 1) reply.headers.set('X-N', String(n)).delete('Content-Type')
      return reply
    })
    const client = t.connect()
    client.send(get().repeat(6))
    const all = replies(client.received).map(({ fields }) => [fields.get('x-n'), fields.has('content-type')])
    expect(all).toEqual(
      [2, 4, 6].flatMap((own) => [
        [undefined, true],
        [String(own), false],
      ]),
    )
  })
})
