import type { Peer } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { logger } from '@spillway/middleware/logger'
import { type RequestIdOptions, requestId } from '@spillway/middleware/request-id'
import { router } from '@spillway/middleware/router'
import { expect, test, vi } from 'vitest'
import { send, start } from './server.ts'

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/** What the handler and the client know of a request that came with an id. */
function idOf(options: RequestIdOptions, id: string, peer: Partial<Peer> = {}): string {
  const app = router()
    .use(requestId(options))
    .get('/', (c) => c.text(c.state.requestId))
  const connection = testServer(app).connect(peer)
  connection.send(`GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\n\r\n`)
  const [head = '', content = ''] = connection.received.split('\r\n\r\n')
  expect(/^X-Request-Id: (.*)\r?$/im.exec(head)![1]).toBe(content)
  return content
}

test('is new for each request, and told with errors, too', async () => {
  const app = router()
    .use(requestId())
    .get('/', (c) => c.text(c.state.requestId))
    .get('/fail', () => {
      throw new Error('broken')
    })
  const server = await start(app, { onError: (_, c) => c?.text('sorry', 500) })
  const ids: string[] = []
  for (const path of ['/', '/', '/fail', '/none'])
    ids.push((await send(server, 'GET', path)).headers.get('x-request-id')!)
  for (const id of ids) expect(id).toMatch(uuid)
  expect(new Set(ids).size).toBe(4)
})

test('is taken over from trusted peers alone, when it is usable', () => {
  const trusted = ['10.0.0.0/8', 'unix']
  for (const id of ['a', 'x'.repeat(128), 'Root=1-67891233-abcdef012345678912345678', 'a/b+c=='])
    expect(idOf({ trusted }, id, { address: '10.0.0.1' })).toBe(id)
  expect(idOf({ trusted }, 'a', { address: '' })).toBe('a')
  for (const id of ['', 'x'.repeat(129), 'a b', 'a"b', '<b>', 'é', 'a, b'])
    expect(idOf({ trusted }, id, { address: '10.0.0.1' })).toMatch(uuid)
  expect(idOf({ trusted }, 'a', { address: '203.0.113.9' })).toMatch(uuid)
  expect(idOf({}, 'a', { address: '10.0.0.1' })).toMatch(uuid)
})

test('is in the log, and in a field of any name', async () => {
  const lines: string[] = []
  const app = router()
    .use(logger({ format: 'json', write: (line) => lines.push(line) }), requestId({ field: 'X-Trace' }))
    .get('/', (c) => c.text('x'))
  const id = (await send(await start(app), 'GET', '/')).headers.get('x-trace')
  await vi.waitFor(() => expect(lines).toHaveLength(1))
  expect(JSON.parse(lines[0]!)).toMatchObject({ id })
})

test.each([{ field: 'a b' }, { trusted: ['proxy'] }])('refuses %j', (options) => {
  expect(() => requestId(options)).toThrow(TypeError)
})
