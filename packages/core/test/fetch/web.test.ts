import { describe, expect, it } from 'vitest'
import { serve } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { type FetchApp, fromFetch } from '../../src/web.ts'
import { get, muteErrors, onlyReply, post, replies, turn } from '../support.ts'

muteErrors()

async function ask(app: FetchApp, wire: string): Promise<ReturnType<typeof onlyReply>> {
  const client = testServer(fromFetch(app)).connect()
  client.send(wire)
  await turn(6)
  return onlyReply(client.received)
}

describe('fromFetch: a fetch-style application as handler', () => {
  it('gets a Request and answers with a Response', async () => {
    const reply = await ask(
      async (request) =>
        new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`, {
          status: 201,
          headers: { 'x-a': request.headers.get('x-a')! },
        }),
      post('content', '/path?q', 'X-A: 1\r\n'),
    )
    expect([reply.status, reply.body, reply.fields.get('x-a')]).toEqual([201, 'POST /path content', '1'])
  })

  it('streams content both ways', async () => {
    const reply = await ask((request) => new Response(request.body), post('back'))
    expect(reply).toMatchObject({ body: 'back', complete: true })
  })

  it('keeps cookies apart', async () => {
    const client = testServer(
      fromFetch(
        () =>
          new Response('x', {
            headers: [
              ['set-cookie', 'a=1'],
              ['set-cookie', 'b=2'],
            ],
          }),
      ),
    ).connect()
    client.send(get())
    await turn(4)
    expect(client.received.match(/^set-cookie: .*$/gim)).toEqual(['set-cookie: a=1', 'set-cookie: b=2'])
  })

  it.each([204, 304])('%i has no content and the connection stays', async (status) => {
    const client = testServer(fromFetch(() => new Response(null, { status }))).connect()
    client.send(get() + get())
    await turn(4)
    expect(replies(client.received).map((m) => m.status)).toEqual([status, status])
  })

  it('an error is a 500', async () => {
    expect((await ask(() => Promise.reject(new Error('x')), get())).status).toBe(500)
  })

  it('works with fetch itself, over a socket', async () => {
    const server = await serve(
      fromFetch(async (request) => Response.json({ got: await request.json() })),
      { port: 0 },
    )
    const response = await fetch(`${server.url}/`, { method: 'POST', body: '{"a":1}' })
    expect(await response.json()).toEqual({ got: { a: 1 } })
    await server.close({ deadline: 0 })
  })

  it('tells who asks and what became of the reply', async () => {
    const ends: string[] = []
    const app: FetchApp = (request, info) => {
      const { hostname, transport } = info.remoteAddr
      info.completed.then(
        () => ends.push('completed'),
        (error: Error) => ends.push(error.message),
      )
      const never = new URL(request.url).pathname === '/never'
      return new Response(
        never ? new ReadableStream({ pull: () => new Promise(() => {}) }) : `${transport} ${hostname}`,
      )
    }
    expect((await ask(app, get())).body).toBe('tcp 127.0.0.1')
    const client = testServer(fromFetch(app)).connect()
    client.send(get('/never'))
    await turn(4)
    client.reset()
    await turn(4)
    expect(ends).toEqual(['completed', 'The reply was cut short by peer'])
  })

  it('request.signal tells when the client is gone, and stops the source', async () => {
    const seen: string[] = []
    const client = testServer(
      fromFetch((request) => {
        request.signal.addEventListener('abort', () => seen.push('abort'))
        return new Response(new ReadableStream({ cancel: () => void seen.push('cancel') }))
      }),
    ).connect()
    client.send(get())
    await turn(4)
    client.reset()
    await turn(4)
    expect(new Set(seen)).toEqual(new Set(['abort', 'cancel']))
  })

  it('reads the Response no faster than the client takes it', async () => {
    let pulled = 0
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024).fill(++pulled)),
    })
    const client = testServer(fromFetch(() => new Response(body))).connect()
    client.stall()
    client.send(get())
    await turn(20)
    const before = pulled
    await turn(20)
    expect([pulled, pulled < 40]).toEqual([before, true])
    client.reset()
  })

  it('HEAD sends no content and cancels it', async () => {
    let cancelled = false
    const stream = new ReadableStream({ cancel: () => void (cancelled = true) })
    const client = testServer(fromFetch(() => new Response(stream, { headers: { 'content-length': '7' } }))).connect()
    client.send(get().replace('GET', 'HEAD'))
    await turn(4)
    const [head] = replies(client.received, ['HEAD'])
    expect([head!.status, head!.fields.get('content-length'), head!.body, cancelled]).toEqual([200, '7', '', true])
  })

  it.each([
    ['101', () => Object.defineProperty(new Response('x'), 'status', { value: 101 })],
    ['an error Response', () => Response.error()],
    ['a Response that was read', async () => readOnce(new Response('x'))],
    ['nothing', () => undefined as never],
    ['a synchronous throw', () => raise(new Error('x'))],
  ] as [string, FetchApp][])('%s is a 500', async (_, app) => {
    expect((await ask(app, get())).status).toBe(500)
  })

  it('a stream that fails behind its first piece cuts the reply', async () => {
    const pieces = ['a']
    const pull = (c: ReadableStreamDefaultController): void => {
      const piece = pieces.shift()
      if (piece === undefined) c.error(new Error('x'))
      else c.enqueue(Buffer.from(piece))
    }
    const client = testServer(fromFetch(() => new Response(new ReadableStream({ pull })))).connect()
    client.send(get())
    await turn(6)
    const { body, complete } = onlyReply(client.received)
    expect([body, complete, client.state]).toEqual(['a', false, 'closed'])
  })

  it('gives the path without what a mount has taken off, and the content', async () => {
    const inner = fromFetch(async (request) => new Response(`${request.url} ${await request.text()}`))
    const client = testServer((c) => {
      c.base = '/api'
      c.path = '//evil/x'
      return inner(c)
    }).connect()
    client.send(post('content', '/api//evil/x?q'))
    await turn(8)
    expect(onlyReply(client.received).body).toBe('http://a//evil/x?q content')
  })
})

async function readOnce(response: Response): Promise<Response> {
  await response.text()
  return response
}

function raise(error: Error): never {
  throw error
}
