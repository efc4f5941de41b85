import { describe, expect, it } from 'vitest'
import { serve } from '../src/index.ts'
import { testServer } from '../src/testing.ts'
import { type FetchApp, fromFetch } from '../src/web.ts'
import { get, muteErrors, onlyReply, post, replies, turn } from './support.ts'

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
})
