// Programs that are written for node:http, on Spillway.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { runChecks, start } from './harness.mjs'

/** Spillway sends Date even when told not to, which reveals that it is the one that serves. */
const programs = {
  'express.mjs': `
    import express from 'express'
    const app = express().use(express.json())
    app.post('/echo', (req, res) => { res.sendDate = false; res.json(req.body) })
    const server = app.listen(0, '127.0.0.1', () => console.log('at http://127.0.0.1:' + server.address().port))`,
  'koa.cjs': `
    const Koa = require('koa')
    const app = new Koa()
    app.use(async (ctx) => {
      ctx.res.sendDate = false
      let text = ''
      for await (const chunk of ctx.req) text += chunk
      ctx.body = JSON.parse(text)
    })
    const server = app.listen(0, '127.0.0.1', () => console.log('at http://127.0.0.1:' + server.address().port))`,
  'fastify.mjs': `
    import Fastify from 'fastify'
    const app = Fastify()
    app.post('/echo', async (req, reply) => { reply.raw.sendDate = false; return req.body })
    console.log('at ' + await app.listen({ port: 0, host: '127.0.0.1' }))`,
  'plain.cjs': `
    const http = require('http')
    const server = http.createServer((req, res) => { res.sendDate = false; req.pipe(res) })
    server.listen(0, '127.0.0.1', () => console.log('at http://127.0.0.1:' + server.address().port))`,
  'own.mjs': `
    import express from 'express'
    import { createServer } from '@spillway/middleware/node'
    const app = express().use(express.json())
    app.post('/echo', (req, res) => { res.sendDate = false; res.json(req.body) })
    const server = createServer(app).listen(0, '127.0.0.1', () => console.log('at http://127.0.0.1:' + server.address().port))`,
  'socket.mjs': `
    import http from 'node:http'
    import { WebSocketServer } from 'ws'
    const server = http.createServer()
    new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (data) => socket.send('got ' + data)))
    server.listen(0, '127.0.0.1', () => console.log('at http://127.0.0.1:' + server.address().port))`,
}
for (const [name, text] of Object.entries(programs)) writeFileSync(name, text)

const at = /^at (\S+)$/m

/** Checks that a program echoes its content, and that Spillway serves it. */
async function echoes(name, first) {
  const program = start([name], { first })
  const init = { method: 'POST', body: '{"a":[1,"é"]}', headers: { 'content-type': 'application/json' } }
  const response = await fetch(`${await program.said(at)}/echo`, init)
  assert.deepEqual([response.status, await response.json()], [200, { a: [1, 'é'] }])
  assert.ok(response.headers.has('date'), 'it is not Spillway that serves')
  if (first) assert.match(program.err, /^Spillway serves /m)
}

const first = '@spillway/node'

export const run = () =>
  runChecks({
    'an Express program, started with it': () => echoes('express.mjs', first),
    'a Koa program, in CommonJS': () => echoes('koa.cjs', first),
    'a Fastify program': () => echoes('fastify.mjs', first),
    'a program of node:http': () => echoes('plain.cjs', first),
    'an Express application in a server of ours': () => echoes('own.mjs'),
    'WebSockets by ws': async () => {
      const program = start(['socket.mjs'], { first })
      const { WebSocket } = await import('ws')
      const socket = new WebSocket((await program.said(at)).replace('http', 'ws'))
      const message = await new Promise((resolve, reject) => {
        socket.on('open', () => socket.send('a')).on('message', resolve)
        socket.on('error', reject)
      })
      assert.equal(String(message), 'got a')
      socket.terminate()
    },
  })
