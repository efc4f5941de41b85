import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { client, echoHead, front, get, group, rawUpstream, until } from './proxy-support.ts'

/** Answers after a moment, so that requests are under way at any time. */
function soon(socket: Socket, head: string): void {
  setTimeout(() => {
    if (!socket.destroyed) echoHead(socket, head)
  }, Math.random() * 10)
}

// tooling/reliability/kill-a-backend.mjs does the same with processes that are killed, and more often.
test('servers that go and come back under load cost no answer', async () => {
  const servers = [await rawUpstream(soon), await rawUpstream(soon)]
  const to = group(servers.map(({ url }) => url))
  const { server } = await front(to)
  const stopping = new AbortController()
  const statuses = new Map<string, number>()
  const clients = Array.from({ length: 16 }, async () => {
    while (!stopping.signal.aborted) {
      const status = (await get(server)).slice(9, 12)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  })
  const answered = (): number => statuses.get('200') ?? 0
  for (let round = 0; round < 4; round++) {
    const before = answered()
    await until(() => answered() > before + 20)
    const { port } = servers[round % 2]!
    await servers[round % 2]!.stop()
    await until(() => answered() > before + 40)
    servers[round % 2] = await rawUpstream(soon, port)
  }
  stopping.abort()
  await Promise.all(clients)
  expect([...statuses.keys()]).toEqual(['200'])
  expect(to.status.some(({ failures }) => failures > 0)).toBe(true)
})

// tooling/reliability/abandoned-requests.mjs counts descriptors and timers, too.
test('requests that are abandoned leave nothing behind', async () => {
  const upstream = await rawUpstream((socket, head) => {
    if (head.startsWith('GET /half')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf')
  })
  const to = group([upstream.url])
  const { server } = await front(to)
  const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf'
  const abandoned = Array.from({ length: 100 }, async (_, i) => {
    const asking = client(
      server,
      [`GET /half HTTP/1.1\r\nHost: a\r\n\r\n`, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', post][i % 3]!,
    )
    if (i % 3 === 0) await asking.reads('half')
    else if (i % 2) await until(() => upstream.sockets.size > 0)
    if (i % 5) asking.socket.destroy()
    else asking.socket.resetAndDestroy()
  })
  await Promise.all(abandoned)
  await until(() => server.stats.open === 0 && upstream.sockets.size === 0)
  expect(to.status).toMatchObject([{ active: 0, idle: 0, failures: 0 }])
})
