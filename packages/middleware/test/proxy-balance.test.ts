import { describe, expect, test } from 'vitest'
import { Health } from '../src/lib/proxy/health.ts'
import * as fc from 'fast-check'
import { type RawUpstream, client, deadPort, echoHead, front, get, group, rawUpstream, until } from './proxy-support.ts'

/** Servers that answer with their number. */
function numbered(count: number): Promise<RawUpstream[]> {
  return Promise.all(
    Array.from({ length: count }, (_, i) =>
      rawUpstream((socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${i}`)),
    ),
  )
}

async function answers(server: Parameters<typeof get>[0], paths: readonly string[]): Promise<string> {
  let all = ''
  for (const path of paths) all += (await get(server, path)).at(-1)
  return all
}

const balance = (c: { path: string }): string => c.path
const dead = async (): Promise<string> => `http://127.0.0.1:${await deadPort()}`
const times = (count: number): string[] => Array.from({ length: count }, () => '/')

describe('balancing', () => {
  test('round robin takes turns by weight, smoothly', async () => {
    const [a, b] = await numbered(2)
    const { server } = await front(group([{ url: a!.url, weight: 3 }, b!.url]))
    expect(await answers(server, times(8))).toBe('00100010')
  })

  test.each(['round-robin', 'least-connections', balance] as const)(
    'a weight of 0 gets nothing more, and a backup only when no other is left: %s',
    async (by) => {
      const [a, b, c] = await numbered(3)
      const drained = { url: a!.url, weight: 0 }
      const spare = { url: c!.url, backup: true }
      const paths = Array.from({ length: 6 }, (_, i) => `/${i}`)
      const { server } = await front(group([drained, b!.url, spare], { balance: by }))
      expect(await answers(server, paths)).toBe('111111')
      const { server: broken } = await front(group([drained, await dead(), spare], { balance: by }))
      expect(await answers(broken, paths)).toBe('222222')
    },
  )

  test('least connections goes where the least is under way', async () => {
    const [a, b] = await numbered(2)
    const busy = await rawUpstream(() => {})
    const { server } = await front(group([busy.url, a!.url, b!.url], { balance: 'least-connections' }))
    client(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => busy.received !== '')
    expect((await answers(server, times(4))).split('').toSorted().join('')).toBe('0011')
  })

  test('by key, the same key goes to the same server, and few move when one is gone', async () => {
    const servers = await numbered(4)
    const keys = Array.from({ length: 80 }, (_, i) => `/${i}`)
    const before = await answers(
      (
        await front(
          group(
            servers.map(({ url }) => url),
            { balance },
          ),
        )
      ).server,
      keys,
    )
    const again = await answers(
      (
        await front(
          group(
            servers.map(({ url }) => url),
            { balance },
          ),
        )
      ).server,
      keys,
    )
    expect(again).toBe(before)
    expect(new Set(before)).toEqual(new Set('0123'))
    await servers[3]!.stop()
    const after = await answers(
      (
        await front(
          group(
            servers.map(({ url }) => url),
            { balance },
          ),
        )
      ).server,
      keys,
    )
    const moved = before.split('').filter((server, i) => server !== after[i])
    expect(new Set(moved)).toEqual(new Set('3'))
    expect(after).not.toContain('3')
  })

  test('weights are what they say, for any of them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }), async (weights) => {
        const targets = weights.map((weight, i) => ({ url: `http://127.0.0.1:${i + 1}`, weight }))
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        const to = group(targets)
        const counts = weights.map(() => 0)
        for (let i = 0; i < total; i++) {
          const { url } = to.pick({} as never, [])!
          counts[targets.findIndex((target) => target.url === url)]!++
        }
        expect(counts).toEqual(weights)
      }),
      { numRuns: 50 },
    )
  })

  test.each([
    [[], /at least one/],
    [['ftp://a'], /Not http:/],
    [['localhost:3000'], /Not http:/],
    [['unix:run/app.sock'], /Not an absolute path/],
    [['http://user:secret@a/'], /credentials/],
    [['http://a/?x'], /query/],
    [[{ url: 'http://a', weight: 0 }], /needs at least one whose weight is not 0/],
    [[{ url: 'http://a', weight: -1 }], /Not a weight: -1/],
  ])('refuses %j', (targets, message) => {
    expect(() => group(targets)).toThrow(message)
  })
})

/** Which of so many dead servers are left out. */
const leftOut = async (count: number, maxShare?: number): Promise<string[]> => {
  const urls = await Promise.all(Array.from({ length: count }, dead))
  const ejection = { failures: 1, ...(maxShare !== undefined && { maxShare }) }
  const to = group(urls, { ejection })
  const { server } = await front(to, { retries: 0 })
  for (let i = 0; i < 2 * count; i++) await get(server)
  return to.status.map(({ state }) => state).filter((state) => state === 'ejected')
}

describe('passive health', () => {
  test('a server that breaks its replies off fails, and one whose client leaves does not', async () => {
    const cuts = await rawUpstream((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'))
    const good = await rawUpstream(echoHead)
    const to = group([cuts.url, good.url], { ejection: { failures: 2 } })
    const { server } = await front(to)
    const half = async (): Promise<ReturnType<typeof client>> => {
      const before = cuts.connections
      while (cuts.connections === before) {
        const asking = client(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        await asking.reads('HTTP/1.1 200')
        if (cuts.connections === before) continue
        await asking.reads('half')
        return asking
      }
      throw new Error('Not asked')
    }
    for (let i = 0; i < 3; i++) {
      const leaving = await half()
      leaving.socket.destroy()
      await until(() => to.status[0]!.active === 0)
    }
    expect(to.status[0]).toMatchObject({ state: 'up', failures: 0 })
    for (let i = 1; i <= 2; i++) {
      const asking = await half()
      for (const socket of cuts.sockets) socket.destroy()
      await until(() => asking.closed && to.status[0]!.failures === i)
    }
    expect(to.status).toMatchObject([{ state: 'ejected', failures: 2 }, { state: 'up' }])
  })

  test('a server that fails n times in a row gets no more requests for a while', async () => {
    const bad = await rawUpstream((socket) => void socket.resetAndDestroy())
    const good = await rawUpstream(echoHead)
    const to = group([bad.url, good.url], { ejection: { failures: 3, duration: 300 } })
    const { server } = await front(to)
    while (bad.connections < 2) await get(server)
    expect(to.status).toMatchObject([{ state: 'up', failures: 2 }, { state: 'up' }])
    while (bad.connections < 3) await get(server)
    expect(to.status).toMatchObject([{ state: 'ejected', failures: 3 }, { state: 'up' }])
    await until(() => to.status[0]!.state === 'up')
    // One request finds out whether it is back; it is not.
    while (bad.connections < 4) await get(server)
    expect(to.status[0]!.state).toBe('ejected')
  })

  test('the time doubles up to its limit, and a success sets it back', () => {
    const health = new Health({ failures: 2, statuses: [], duration: 10, maxDuration: 35, maxShare: 1 }, () => true)
    const out: number[] = []
    let now = 0
    const eject = (): void => {
      const from = now
      while (!health.ejected(now)) health.failed(now)
      while (health.ejected(now)) now++
      out.push(now - from)
    }
    for (let i = 0; i < 4; i++) eject()
    health.succeeded()
    eject()
    expect(out).toEqual([10, 20, 35, 35, 10])
  })

  test('after an ejection one request goes first, and the others when it has succeeded', () => {
    const health = new Health({ failures: 1, statuses: [], duration: 10, maxDuration: 10, maxShare: 1 }, () => true)
    health.failed(0)
    expect([health.available(9), health.available(10)]).toEqual([false, true])
    health.begin()
    expect(health.available(10)).toBe(false)
    health.unknown()
    expect(health.available(10)).toBe(true)
    health.begin()
    health.succeeded()
    expect(health.available(10)).toBe(true)
  })

  test('one success makes it whole again', async () => {
    let failing = true
    const shaky = await rawUpstream((socket, head) => {
      if (failing) socket.resetAndDestroy()
      else echoHead(socket, head)
    })
    const good = await rawUpstream(echoHead)
    const to = group([shaky.url, good.url], { ejection: { failures: 3, duration: 100 } })
    const { server } = await front(to)
    const fail = async (): Promise<void> => {
      const before = shaky.connections
      while (shaky.connections === before) await get(server)
    }
    for (let i = 0; i < 2; i++) await fail()
    failing = false
    for (let i = 0; i < 4; i++) await get(server)
    failing = true
    // The connection that was kept is replaced first.
    await fail()
    expect(to.status[0]!.state).toBe('up')
  })

  test('no more than a share is left out, and a lone server never', async () => {
    expect(
      (await Promise.all([leftOut(1), leftOut(2), leftOut(3), leftOut(4), leftOut(4, 0.75), leftOut(2, 1)])).map(
        (s) => s.length,
      ),
    ).toEqual([0, 1, 1, 2, 3, 2])
  })

  test('when all are left out, all are tried', async () => {
    const port = await deadPort()
    const to = group([`http://127.0.0.1:${port}`], { ejection: { failures: 1, maxShare: 1, duration: 60_000 } })
    const { server } = await front(to)
    expect(await get(server)).toMatch(/ 502 /)
    expect(to.status[0]!.state).toBe('ejected')
    await rawUpstream(echoHead, port)
    expect(await get(server)).toMatch(/ 200 /)
    expect(to.status[0]!.state).toBe('up')
  })
})

describe('active checks', () => {
  test('a server that is down is not asked, until checks find it up', async () => {
    const health = { a: 200, b: 200 }
    const checked = (name: 'a' | 'b'): Promise<RawUpstream> =>
      rawUpstream((socket, head) => {
        const status = head.startsWith('GET /healthz ') ? health[name] : 200
        socket.write(`HTTP/1.1 ${status} X\r\nContent-Length: 1\r\n\r\n${name}`)
      })
    const [a, b] = [await checked('a'), await checked('b')]
    health.a = 500
    const to = group([a.url, b.url], { check: { path: '/healthz', interval: 30, unhealthy: 3, healthy: 2 } })
    const { server } = await front(to)
    await until(() => to.status[0]!.state === 'down')
    expect(await answers(server, times(4))).toBe('bbbb')
    health.a = 204
    await until(() => to.status[0]!.state === 'up')
    expect(await answers(server, times(4))).toMatch(/^(ab){2}|(ba){2}$/)
    expect(a.received).toMatch(
      /^GET \/healthz HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\nuser-agent: spillway-check\r\nconnection: close\r\n\r\n/,
    )
  })

  test('an answer that does not come in time, or no connection, is a bad one', async () => {
    const silent = await rawUpstream(() => {})
    const good = await rawUpstream(echoHead)
    const check = { path: '/', interval: 20, timeout: 50 }
    const to = group([silent.url, `http://127.0.0.1:${await deadPort()}`, good.url], { check })
    await until(() => to.status.map(({ state }) => state).join() === 'down,down,up')
  })

  test('a single bad answer is not enough, once it was up', async () => {
    let bad = 0
    let asked = 0
    const shaky = await rawUpstream((socket) => {
      asked++
      socket.write(`HTTP/1.1 ${bad-- > 0 ? 500 : 200} X\r\nContent-Length: 0\r\n\r\n`)
    })
    const states: string[] = []
    const to = group([shaky.url], { check: { path: '/', interval: 10, unhealthy: 3 } })
    await until(() => asked >= 2)
    bad = 2
    await until(() => {
      states.push(to.status[0]!.state)
      return asked >= 8
    })
    expect(states).not.toContain('down')
    bad = 1000
    await until(() => to.status[0]!.state === 'down')
  })

  test('stop with the group', async () => {
    const upstream = await rawUpstream(echoHead)
    const to = group([upstream.url], { check: { path: '/', interval: 5 } })
    await until(() => upstream.connections > 2)
    to.close()
    await until(() => upstream.sockets.size === 0)
    const before = upstream.connections
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 5))
    // One may have been on its way.
    expect(upstream.connections - before).toBeLessThanOrEqual(1)
  })
})
