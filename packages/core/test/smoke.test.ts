import { expect, it } from 'vitest'
import { serve } from '../src/index.ts'
import { testServer } from '../src/testing.ts'

it('answers', async () => {
  const server = await serve((c) => c.text(`hi ${c.path}`), { port: 0 })
  const r = await fetch(server.url + '/x')
  expect(await r.text()).toBe('hi /x')
  console.log([...r.headers])
  console.log(await server.close({ deadline: 1000 }))
})
it('memory', async () => {
  const t = testServer(async (c) => c.text(await c.body.text()))
  const k = t.connect()
  k.send(
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nGET / HTTP/1.1\r\n',
  )
  k.send('Host: a\r\n\r\nGET /a b\r\n')
  await new Promise(setImmediate)
  console.log(k.received, k.state, k.writes)
})
