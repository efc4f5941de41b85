import type { Peer } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { client } from '@spillway/middleware/client'
import { type IpOptions, ip } from '@spillway/middleware/ip'
import { problems } from '@spillway/middleware/problem'
import { router } from '@spillway/middleware/router'
import { expect, test } from 'vitest'
import { send, start } from './server.ts'

function statusOf(options: IpOptions, peer: Partial<Peer>, ...fields: string[]): number {
  const app = router()
    .use(client({ trusted: ['10.0.0.1'], fields: 'forwarded' }), ip(options))
    .get('/', (c) => c.text('in'))
  const connection = testServer(app).connect(peer)
  connection.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`)
  return Number(connection.received.split(' ')[1])
}

test.each([
  [{ allow: ['192.0.2.0/24'] }, '192.0.2.255', 200],
  [{ allow: ['192.0.2.0/24'] }, '192.0.3.0', 403],
  [{ allow: ['2001:db8::/32'] }, '2001:db8:ffff::1', 200],
  [{ allow: ['2001:db8::/32'] }, '2001:db9::1', 403],
  [{ allow: ['fe80::/10'] }, 'fe80::1%eth0', 200],
  [{ deny: ['192.0.2.7'] }, '192.0.2.7', 403],
  [{ deny: ['::ffff:192.0.2.7'] }, '192.0.2.7', 403],
  [{ deny: ['192.0.2.7'] }, '192.0.2.8', 200],
  [{ allow: ['192.0.2.0/24'], deny: ['192.0.2.7'] }, '192.0.2.7', 403],
  [{ allow: ['192.0.2.0/24'], deny: ['192.0.2.7'] }, '192.0.2.8', 200],
  [{ allow: ['unix'] }, '', 200],
  [{ allow: ['127.0.0.0/8'] }, '', 403],
  [{ deny: ['unix'] }, '', 403],
])('%j answers %s with %i', (options, address, status) => {
  expect(statusOf(options, { address })).toBe(status)
})

test('asks for the client behind a proxy, not for the proxy', () => {
  const proxy = { address: '10.0.0.1' }
  const inside = { allow: ['10.0.0.0/8'] }
  expect(statusOf(inside, proxy)).toBe(200)
  expect(statusOf(inside, proxy, 'Forwarded: for=203.0.113.9')).toBe(403)
  expect(statusOf(inside, proxy, 'Forwarded: for=10.0.0.9, for=203.0.113.9')).toBe(403)
  expect(statusOf(inside, { address: '203.0.113.9' }, 'Forwarded: for=10.0.0.9')).toBe(403)
  expect(statusOf({ deny: ['203.0.113.0/24'] }, proxy, 'Forwarded: for="[::ffff:cb00:7109]"')).toBe(403)
})

test('knows that an address that is hidden is in no list', () => {
  for (const value of ['unknown', '_hidden']) {
    expect(statusOf({ allow: ['unix', '10.0.0.0/8'] }, { address: '10.0.0.1' }, `Forwarded: for=${value}`)).toBe(403)
    expect(statusOf({ deny: ['unix', '10.0.0.0/8'] }, { address: '10.0.0.1' }, `Forwarded: for=${value}`)).toBe(200)
  }
})

test('refuses with a problem, over a socket', async () => {
  const app = router()
    .use(problems(), ip({ deny: ['127.0.0.0/8'] }))
    .get('/', (c) => c.text('in'))
  const { status, content } = await send(await start(app), 'GET', '/')
  expect(status).toBe(403)
  expect(JSON.parse(content.toString())).toMatchObject({ status: 403, code: 'ADDRESS_REFUSED' })
})

test.each([{}, { allow: ['localhost'] }, { deny: ['1.2.3.4/33'] }])('refuses %j', (options) => {
  expect(() => ip(options)).toThrow(TypeError)
})
