// The same small application on four frameworks, each written as its own guide shows it; rows.ts has the requests.
import type { AddressInfo } from 'node:net'
import type { Server } from 'node:http'
import { Readable } from 'node:stream'
import { serve as serveHono } from '@hono/node-server'
import { serve } from '@spillway/core'
import { router } from '@spillway/middleware/router'
import { body } from '@spillway/middleware/body'
import express, { type Express } from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { stream } from 'hono/streaming'

/** The maximum size of a JSON body, in bytes. */
export const limit: number = 64 * 1024
/** Text in an error message that no client may see. */
export const secret: string = 'password of the database'

export interface Started {
  readonly port: number
  close(): Promise<unknown>
}

async function* half(): AsyncGenerator<string> {
  yield 'the first half, '
  await new Promise((resolve) => setTimeout(resolve, 10))
  throw new Error(secret)
}

function fails(): never {
  throw new Error(secret)
}

const onSpillway = router()
  .get('/hello', (c) => c.text('hello'))
  .get('/json', (c) => c.json({ hello: 'world' }))
  .get('/items/:id', (c) => c.text(c.params.id))
  .post('/items', [body('json', { bodyBytes: limit })], (c) => c.json(c.state.body, 201))
  .get('/broken', fails)
  .get('/half', (c) => c.stream(half()))

const onHono = new Hono()
  .get('/hello', (c) => c.text('hello'))
  .get('/json', (c) => c.json({ hello: 'world' }))
  .get('/items/:id', (c) => c.text(c.req.param('id')))
  .post('/items', bodyLimit({ maxSize: limit }), async (c) => c.json(await c.req.json(), 201))
  .get('/broken', fails)
  .get('/half', (c) =>
    stream(c, async (to) => {
      for await (const piece of half()) await to.write(piece)
    }),
  )

function onFastify(): ReturnType<typeof fastify> {
  const app = fastify({ bodyLimit: limit })
  app.get('/hello', async () => 'hello')
  app.get('/json', async () => ({ hello: 'world' }))
  app.get<{ Params: { id: string } }>('/items/:id', (request, reply) => reply.send(request.params.id))
  app.post('/items', async (request, reply) => reply.code(201).send(request.body))
  app.get('/broken', async () => fails())
  app.get('/half', (_, reply) => void reply.send(Readable.from(half())))
  return app
}

function onExpress(): Express {
  const app = express()
  app.get('/hello', (_, reply) => void reply.type('text').send('hello'))
  app.get('/json', (_, reply) => void reply.json({ hello: 'world' }))
  app.get('/items/:id', (request, reply) => void reply.type('text').send(request.params.id))
  app.post('/items', express.json({ limit }), (request, reply) => void reply.status(201).json(request.body))
  app.get('/broken', () => fails())
  app.get('/half', async (_, reply) => {
    for await (const piece of half()) reply.write(piece)
    reply.end()
  })
  return app
}

/** Starts a server with a callback in Node's style, and waits until it listens. */
async function started(listen: (ready: () => void) => Server): Promise<Started> {
  let server!: Server
  await new Promise<void>((resolve) => {
    server = listen(resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()),
  }
}

/** The frameworks by name, with the packages to install. */
export const frameworks: Readonly<Record<string, { packages: readonly string[]; start(): Promise<Started> }>> = {
  Spillway: {
    packages: ['@spillway/core', '@spillway/middleware'],
    async start() {
      const server = await serve(onSpillway, { port: 0 })
      return { port: Number(new URL(server.url).port), close: () => server.close({ deadline: 0 }) }
    },
  },
  Hono: {
    packages: ['hono', '@hono/node-server'],
    start: () =>
      started((ready) => serveHono({ fetch: onHono.fetch, port: 0, hostname: '127.0.0.1' }, ready) as Server),
  },
  Fastify: {
    packages: ['fastify'],
    async start() {
      const app = onFastify()
      await app.listen({ port: 0, host: '127.0.0.1' })
      return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
    },
  },
  Express: {
    packages: ['express'],
    start: () => started((ready) => onExpress().listen(0, '127.0.0.1', ready)),
  },
}
