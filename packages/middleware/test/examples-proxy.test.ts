import { expect, onTestFinished, test, vi } from 'vitest'
import { echoHead, get, rawUpstream, until } from './proxy-support.ts'
import { start } from './server.ts'

test('the example of the README: a mounted group of servers', async () => {
  const servers = [await rawUpstream(echoHead), await rawUpstream(echoHead)]
  vi.stubEnv('API_SERVERS', servers.map(({ url }) => url).join(' '))
  onTestFinished(() => void vi.unstubAllEnvs())
  const { app } = await import('./examples/proxy.ts')
  const server = await start(app)
  expect(await get(server, '/api/users?page=2')).toMatch(
    /GET \/users\?page=2 HTTP\/1\.1\r\n.*X-Request-Id: [\da-f-]{36}\r\n/s,
  )
  const reply = await get(server, '/servers')
  expect(JSON.parse(reply.slice(reply.indexOf('\r\n\r\n')))).toMatchObject([{ state: 'up' }, { state: 'up' }])
  await servers[0]!.stop()
  for (let i = 0; i < 4; i++) expect(await get(server, '/api/')).toMatch(/^HTTP\/1\.1 200 /)
  await until(() => servers[1]!.received.includes('GET /healthz '))
})

test('the example of forward auth: who may pass is said to the server behind', async () => {
  const judge = await rawUpstream((socket, head) =>
    socket.end(
      /^cookie: *sid=ann/im.test(head)
        ? 'HTTP/1.1 204 No Content\r\nRemote-User: ann\r\n\r\n'
        : 'HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n',
    ),
  )
  const wiki = await rawUpstream(echoHead)
  vi.stubEnv('AUTH_SERVER', judge.url)
  vi.stubEnv('WIKI_SERVER', wiki.url)
  onTestFinished(() => void vi.unstubAllEnvs())
  const { app } = await import('./examples/forward-auth.ts')
  const { url } = await start(app)
  const refused = await fetch(`${url}/page`, { headers: { 'Remote-User': 'root' }, redirect: 'manual' })
  expect([refused.status, refused.headers.get('location')]).toEqual([302, '/login'])
  const passed = await fetch(`${url}/page`, { headers: { Cookie: 'sid=ann', 'Remote-User': 'root' } })
  expect(await passed.text()).toMatch(/Remote-User: ann/i)
})
