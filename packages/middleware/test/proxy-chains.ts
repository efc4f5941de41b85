import { createHash } from 'node:crypto'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { Server } from '@spillway/core'
import { router } from '@spillway/middleware/router'
import { websocket } from '@spillway/middleware/websocket'
import { withTools } from '@spillway/vitest-config/tools'
import { expect, test } from 'vitest'
import { others, startOther } from './proxy-programs.ts'
import { client as rawClient, until } from './proxy-support.ts'
import { start } from './server.ts'
import { client as websocketClient, next } from './websocket-support.ts'

/** What a request through two proxies can be told from. */
function application(seen: { aborted: number }): Promise<Server> {
  const app = router()
    .get('/fields', (c) => c.json(Object.fromEntries(c.headers)))
    .get('/large', (c) => c.stream(pieces(256, 64 * 1024)))
    .post('/echo', (c) => c.stream(c.body))
    .post('/hash', async (c) => {
      const hash = createHash('sha256')
      for await (const chunk of c.body) hash.update(chunk)
      return c.text(hash.digest('hex'))
    })
    .get('/none', (c) => c.empty())
    .get('/slow', (c) => {
      c.done(({ kind }) => (seen.aborted += kind === 'aborted' ? 1 : 0))
      return c.stream(endless())
    })
    .get('/cut', (c) => c.stream(breaking()))
    .get(
      '/socket',
      websocket(() => ({ message: (socket, data) => socket.send(data) }), { origins: '*' }),
    )
  return start(app, { limits: { bodyBytes: 1e9 }, onError: () => {} })
}

async function* pieces(count: number, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < count; i++) yield Buffer.alloc(size, i)
}

async function* endless(): AsyncGenerator<string> {
  for (;;) {
    yield 'more'
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function* breaking(): AsyncGenerator<string> {
  yield 'half'
  await new Promise((resolve) => setTimeout(resolve, 50))
  throw new Error('breaks off')
}

const agent = new Agent({ keepAlive: true })

function ask(
  port: number,
  method: string,
  path: string,
  content?: Buffer,
): Promise<{ response: IncomingMessage; body: Buffer }> {
  return new Promise((resolve, reject) => {
    const asking = request({ port, host: '127.0.0.1', agent, method, path }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ response, body: Buffer.concat(chunks) }))
    })
    asking.on('error', reject)
    asking.end(content)
  })
}

/** Starts the proxy that is tested in front of this port. @param trusting whether the one in front of it is another proxy of ours. */
export type StartOurs = (to: number, trusting: boolean) => Promise<{ readonly port: number }>

/** Tests a proxy together with each of the others that are installed, on either side. */
export function testBesideOthers(startOurs: StartOurs): void {
  const places = ['in front', 'behind'] as const
  const cases = others.flatMap((other) => places.map((place) => ({ other, place })))
  for (const { other, place } of cases) {
    withTools(other)(`${other.name} ${place}`, () => {
      /** Client → one proxy → the other → application; gives the port of the first. */
      testChain(async (seen = { aborted: 0 }) => {
        const app = await application(seen)
        if (place === 'behind') return (await startOurs((await startOther(other, app.port)).port, false)).port
        return (await startOther(other, (await startOurs(app.port, true)).port)).port
      })
    })
  }
}

function testChain(chain: (seen?: { aborted: number }) => Promise<number>): void {
  test('passes fields, and names the client and us', async () => {
    const port = await chain()
    for (let i = 0; i < 3; i++) {
      const { response, body } = await ask(port, 'GET', '/fields')
      expect(response.statusCode).toBe(200)
      const fields = JSON.parse(body.toString()) as Record<string, string>
      expect(fields).toMatchObject({
        host: `127.0.0.1:${port}`,
        via: expect.stringContaining('1.1 spillway') as string,
      })
      expect(fields['x-forwarded-for']).toMatch(/^127\.0\.0\.1/)
    }
    expect((await ask(port, 'GET', '/none')).response.statusCode).toBe(204)
    expect((await ask(port, 'HEAD', '/fields')).body).toHaveLength(0)
    expect((await ask(port, 'GET', '/unknown')).response.statusCode).toBe(404)
  })

  test('streams content both ways', async () => {
    const port = await chain()
    const content = Buffer.alloc(8 * 1024 * 1024, 'spillway')
    const hash = createHash('sha256').update(content).digest('hex')
    expect((await ask(port, 'POST', '/hash', content)).body.toString()).toBe(hash)
    // Not more than fits on the way: nginx does not read a request on while it sends the response.
    const short = content.subarray(0, 100_000)
    expect((await ask(port, 'POST', '/echo', short)).body.equals(short)).toBe(true)
    const { body } = await ask(port, 'GET', '/large')
    expect(body.length).toBe(256 * 64 * 1024)
  })

  test('many requests at once, on few connections', async () => {
    const port = await chain()
    const statuses = await Promise.all(
      Array.from(
        { length: 200 },
        async (_, i) =>
          (await ask(port, i % 2 ? 'GET' : 'POST', i % 2 ? '/fields' : '/echo', Buffer.from('x'))).response.statusCode,
      ),
    )
    expect(new Set(statuses)).toEqual(new Set([200]))
  })

  test('WebSockets', async () => {
    const port = await chain()
    const socket = await websocketClient({ url: `http://127.0.0.1:${port}/socket` } as Server)
    socket.send('through two proxies')
    expect(await next(socket)).toBe('through two proxies')
  })

  test('a client that leaves is noticed at the far end', async () => {
    const seen = { aborted: 0 }
    const asking = rawClient({ port: await chain(seen) }, 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
    await asking.reads('more')
    asking.socket.destroy()
    await until(() => seen.aborted === 1)
    expect(seen.aborted).toBe(1)
  })

  test('a reply that breaks off is broken for the client', async () => {
    const asking = rawClient({ port: await chain() }, 'GET /cut HTTP/1.1\r\nHost: a\r\n\r\n')
    await asking.reads('half')
    await until(() => asking.closed)
    expect(asking.received).not.toContain('\r\n0\r\n\r\n')
  })
}
