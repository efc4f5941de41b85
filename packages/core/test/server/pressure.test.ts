import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type Server, serve } from '../../src/index.ts'
import { makeAuthority, openssl } from '../certificates.ts'
import { Flag, Type, fields, frame, frameClient, requestFields } from '../http2/frames.ts'
import { events, get, rawClient, record, until } from '../support.ts'

let server: Server | undefined

afterEach(async () => {
  await server?.close({ deadline: 0 })
  server = undefined
})

function ask(stream: number, path: string): Buffer {
  return frame(Type.Headers, Flag.EndHeaders | Flag.EndStream, stream, fields(...requestFields('GET', path)))
}

/** Two looks at the ledger, or more. */
async function ticks(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 700))
}

describe('slow readers turn nobody away', () => {
  it('many of one memory hold it once, and go on', async () => {
    const shared = Buffer.alloc(8 * 1024 * 1024)
    server = await serve((c) => (c.path === '/' ? c.text('small') : c.stream(shared)), {
      port: 0,
      limits: { bufferedBytes: 10 * 1024 * 1024 },
    })
    const { port } = server
    const slow = Array.from({ length: 60 }, () => connect({ port, host: '127.0.0.1' }).pause())
    const seen = await record(server, async () => {
      for (const socket of slow) socket.write(get('/large'))
      await until(() => server!.stats.active === 60)
      await ticks()
      const late = rawClient(server!)
      late.send(get())
      expect(await late.saw(/small|503/)).toContain('small')
      late.destroy()
      expect(server!.stats.active).toBe(60)
      for (const socket of slow) socket.destroy()
    })
    expect(events(seen, 'close').filter(({ reason }) => reason === 'memory')).toEqual([])
  })

  it.skipIf(openssl.isMissing)('connections of HTTP/2 whose windows stay shut are cut', async () => {
    const authority = makeAuthority()
    const tls = authority.issue('localhost', ['localhost'])
    server = await serve((c) => c.text(c.path === '/' ? 'small' : 'x'.repeat(100_000)), {
      port: 0,
      tls,
      http2: true,
      limits: { bufferedBytes: 3_000_000 },
    })
    authority.remove()
    const shut = frame(Type.Settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0]))
    const seen = await record(server, async () => {
      const slow = await Promise.all(Array.from({ length: 9 }, () => frameClient(server!.url)))
      for (const client of slow) client.send(shut, ...[1, 3, 5, 7, 9, 11, 13].map((stream) => ask(stream, '/large')))
      await until(() => server!.stats.open < 9)
      const late = await frameClient(server!.url)
      late.send(ask(1, '/'))
      await until(() => late.seen.includes(Type.Data))
      for (const client of [late, ...slow]) client.socket.destroy()
      await until(() => server!.stats.open === 0)
    })
    const cut = events(seen, 'close').filter(({ reason }) => reason === 'memory')
    expect(cut.length).toBeGreaterThan(0)
    expect(cut.length).toBeLessThan(9)
  })
})
