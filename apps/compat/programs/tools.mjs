// Argument: the name of a tool. Each reports what it has seen, and ends.
import http, { createServer } from 'node:http'
import cluster from 'node:cluster'
import { once } from 'node:events'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const open = async (server) => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${server.address().port}`
}
const close = (server) => new Promise((resolve) => server.close(resolve))

const tools = {
  async supertest() {
    const supertest = (await import('supertest')).default
    const app = require('express')()
    app.get('/', (_req, res) => res.cookie('a', 'b').json({ a: 1 }))
    const { status, body, headers } = await supertest(app).get('/')
    return [status, body, headers['set-cookie'], (await supertest(app).get('/none')).status]
  },
  async 'light-my-request'() {
    const { inject } = require('light-my-request')
    const listener = (req, res) => {
      res.setHeader('X-A', '1')
      req.on('data', () => {}).on('end', () => res.end(`${req.method} ${req.url}`))
    }
    const { statusCode, payload, headers } = await inject(listener, { method: 'POST', url: '/a?b', payload: 'x' })
    return [statusCode, payload, headers['x-a']]
  },
  async 'pino-http'() {
    const lines = []
    const log = require('pino-http')({}, { write: (line) => lines.push(JSON.parse(line)) })
    const server = createServer((req, res) => {
      log(req, res)
      req.log.info('seen')
      res.statusCode = req.url === '/bad' ? 500 : 200
      res.end('x')
    })
    const url = await open(server)
    for (const path of ['/', '/bad']) await (await fetch(url + path)).text()
    while (lines.length < 4) await new Promise((resolve) => setTimeout(resolve, 5))
    await close(server)
    return lines.map(({ level, msg, req, res, responseTime }) => [
      level,
      msg,
      req.method,
      req.url,
      req.remoteAddress,
      res?.statusCode,
      typeof responseTime,
    ])
  },
  async apollo() {
    const { ApolloServer } = await import('@apollo/server')
    const { startStandaloneServer } = await import('@apollo/server/standalone')
    const typeDefs = 'type Query { hello(name: String): String fails: Int } type Mutation { add(a: Int, b: Int): Int }'
    const resolvers = {
      Query: {
        hello: (_, { name }) => `Hello ${name}`,
        fails: () => {
          throw new Error('on purpose')
        },
      },
      Mutation: { add: (_, { a, b }) => a + b },
    }
    const server = new ApolloServer({ typeDefs, resolvers, includeStacktraceInErrorResponses: false })
    const { url } = await startStandaloneServer(server, { listen: { port: 0, host: '127.0.0.1' } })
    const headers = { 'Content-Type': 'application/json' }
    const ask = async (query, init) => {
      const reply = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }), ...init })
      return [reply.status, await reply.text()]
    }
    const seen = [
      await ask('{ hello(name: "ü") }'),
      await ask('mutation { add(a: 1, b: 2) }'),
      await ask('{ fails }'),
      await ask('{ none }'),
      await ask('', { body: '{' }),
      await ask('', { body: 'x', headers: { 'Content-Type': 'text/plain' } }),
    ]
    await server.stop()
    return seen
  },
  async msw() {
    const { http: mocked, HttpResponse } = await import('msw')
    const { setupServer } = await import('msw/node')
    const server = createServer((req, res) => res.end(`true ${req.url}`))
    const url = await open(server)
    const mock = setupServer(mocked.get('http://mocked.example/a', () => HttpResponse.json({ mocked: true })))
    mock.listen({ onUnhandledRequest: 'bypass' })
    const byModule = (to) =>
      new Promise((resolve, reject) => {
        http.get(to, (res) => res.setEncoding('utf8').on('data', resolve)).on('error', reject)
      })
    const seen = []
    for (const to of ['http://mocked.example/a', `${url}/b`])
      seen.push(await (await fetch(to)).text(), await byModule(to))
    mock.close()
    await close(server)
    return seen.map((text) => text.replace(/\d{4,5}/, 'port'))
  },
  async 'prom-client'() {
    const { Registry, Histogram } = require('prom-client')
    const registry = new Registry()
    const seconds = new Histogram({ name: 's', help: 's', labelNames: ['status'], registers: [registry] })
    const server = createServer(async (req, res) => {
      const end = seconds.startTimer()
      res.on('finish', () => end({ status: res.statusCode }))
      if (req.url === '/metrics') res.setHeader('Content-Type', registry.contentType).end(await registry.metrics())
      else res.end('x')
    })
    const url = await open(server)
    await (await fetch(url)).text()
    const metrics = await (await fetch(`${url}/metrics`)).text()
    await close(server)
    return metrics.includes('s_count{status="200"} 1')
  },
  async opentelemetry() {
    const { InMemorySpanExporter, SimpleSpanProcessor, BasicTracerProvider } = require('@opentelemetry/sdk-trace-base')
    const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
    const exporter = new InMemorySpanExporter()
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
    const instrumentation = new HttpInstrumentation()
    instrumentation.setTracerProvider(provider)
    // It patches modules that are loaded after it.
    const patched = require('http')
    const server = patched.createServer((req, res) => {
      res.statusCode = req.url === '/bad' ? 500 : 200
      res.end('x')
    })
    const url = await open(server)
    for (const path of ['/', '/bad'])
      await new Promise((resolve) => patched.get(url + path, (res) => res.resume().on('end', resolve)))
    await close(server)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const spans = exporter
      .getFinishedSpans()
      .map(({ kind, name, attributes }) => [
        kind,
        name,
        attributes['http.status_code'] ?? attributes['http.response.status_code'],
      ])
    return spans.map(String).toSorted()
  },
  async 'http-proxy'() {
    const proxies = require('http-proxy')
    const { WebSocket, WebSocketServer } = require('ws')
    const back = createServer(async (req, res) => {
      let size = 0
      for await (const chunk of req) size += chunk.length
      res.setHeader('X-Back', '1').end(`${req.url} ${size}`)
    })
    new WebSocketServer({ server: back }).on('connection', (socket) =>
      socket.on('message', (message) => socket.send(`back ${message}`)),
    )
    const proxy = proxies.createProxyServer({ target: await open(back), ws: true })
    const front = createServer((req, res) => proxy.web(req, res)).on('upgrade', (req, socket, head) =>
      proxy.ws(req, socket, head),
    )
    const url = await open(front)
    const response = await fetch(`${url}/x`, { method: 'POST', body: 'x'.repeat(100_000) })
    const seen = [response.status, await response.text(), response.headers.get('x-back')]
    const socket = new WebSocket(url.replace('http', 'ws'))
    await once(socket, 'open')
    socket.send('hello')
    seen.push(String((await once(socket, 'message'))[0]))
    socket.terminate()
    for (const server of [front, back]) server.closeAllConnections()
    await Promise.all([close(front), close(back)])
    proxy.close()
    return seen
  },
  async '@fastify/http-proxy'() {
    const fastify = require('fastify')
    const back = fastify()
    back.post('/a/:b', async (req, reply) =>
      reply
        .code(201)
        .header('x-back', '1')
        .send({ ...req.body, ...req.params }),
    )
    back.get('/a/stream', async (_req, reply) => reply.send(require('node:stream').Readable.from(['one ', 'two'])))
    const upstream = await back.listen({ port: 0, host: '127.0.0.1' })
    const front = fastify()
    front.register(require('@fastify/http-proxy'), { upstream, prefix: '/through', rewritePrefix: '/a' })
    const url = await front.listen({ port: 0, host: '127.0.0.1' })
    const headers = { 'Content-Type': 'application/json' }
    const post = await fetch(`${url}/through/x`, { method: 'POST', headers, body: '{"c":1}' })
    const stream = await fetch(`${url}/through/stream`)
    const none = await fetch(`${url}/through/none`)
    const seen = [post.status, post.headers.get('x-back'), await post.json(), await stream.text(), none.status]
    await front.close()
    await back.close()
    return seen
  },
  async 'graphql-yoga'() {
    const { createSchema, createYoga } = require('graphql-yoga')
    const typeDefs = 'type Query { hello(name: String): String fails: Int } type Subscription { count: Int }'
    const resolvers = {
      Query: {
        hello: (_, { name }) => `Hello ${name}`,
        fails: () => {
          throw new Error('on purpose')
        },
      },
      Subscription: {
        count: {
          async *subscribe() {
            for (const count of [1, 2, 3]) yield { count }
          },
        },
      },
    }
    const server = createServer(createYoga({ schema: createSchema({ typeDefs, resolvers }), logging: false }))
    const url = `${await open(server)}/graphql`
    const ask = async (query, accept) => {
      const reply = await fetch(url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: accept ?? 'application/json' },
        body: JSON.stringify({ query }),
      })
      return [reply.status, reply.headers.get('content-type'), await reply.text()]
    }
    const seen = [
      await ask('{ hello(name: "ü") }'),
      await ask('{ fails }'),
      await ask('{ none }'),
      await ask('subscription { count }', 'text/event-stream'),
    ]
    server.closeAllConnections()
    await close(server)
    return seen
  },
  'pm2, fork': () => managed({ exec_mode: 'fork', instances: 1 }),
  'pm2, cluster': () => managed({ exec_mode: 'cluster', instances: 2 }),
  async 'socket.io'() {
    const { Server } = await import('socket.io')
    const { io } = await import('socket.io-client')
    const server = createServer()
    const sockets = new Server(server)
    sockets.on('connection', (socket) => socket.on('hello', (name, answer) => answer(`hello ${name}`)))
    const url = await open(server)
    const seen = []
    for (const transports of [['websocket'], ['polling'], ['polling', 'websocket']]) {
      const socket = io(url, { transports })
      seen.push(await new Promise((resolve) => socket.emit('hello', transports.join('+'), resolve)))
      const { engine } = socket.io
      if (transports.length > 1 && engine.transport.name !== 'websocket')
        await new Promise((resolve) => engine.once('upgrade', resolve))
      seen.push(engine.transport.name)
      socket.close()
    }
    await sockets.close()
    return seen
  },
  async vite() {
    const { createServer: createVite } = await import('vite')
    const vite = await createVite({
      root: new URL('.', import.meta.url).pathname,
      configFile: false,
      logLevel: 'silent',
      optimizeDeps: { noDiscovery: true },
      server: { port: 0, host: '127.0.0.1', watch: null },
    })
    await vite.listen()
    const url = `http://127.0.0.1:${vite.httpServer.address().port}`
    const client = await fetch(`${url}/@vite/client`)
    const { WebSocket } = require('ws')
    const socket = new WebSocket(`${url.replace('http', 'ws')}/?token=${vite.config.webSocketToken}`, 'vite-hmr')
    const [message] = await once(socket, 'message')
    socket.terminate()
    await vite.close()
    return [client.status, client.headers.get('content-type'), JSON.parse(message).type]
  },
  async 'node:cluster'() {
    if (cluster.isWorker)
      return createServer((_req, res) => res.end(String(cluster.worker.id))).listen(
        Number(process.env.PORT),
        '127.0.0.1',
      )
    const probe = createServer()
    const { port } = new URL(await open(probe))
    await close(probe)
    const workers = [cluster.fork({ PORT: port }), cluster.fork({ PORT: port })]
    await Promise.all(workers.map((worker) => once(worker, 'listening')))
    const seen = new Set()
    for (let i = 0; i < 6; i++)
      seen.add(await (await fetch(`http://127.0.0.1:${port}`, { headers: { connection: 'close' } })).text())
    await Promise.all(workers.map((worker) => (worker.kill(), once(worker, 'exit'))))
    return [...seen].toSorted()
  },
  async subclasses() {
    class Request extends http.IncomingMessage {
      get shout() {
        return this.url.toUpperCase()
      }
    }
    class Response extends http.ServerResponse {
      end(chunk, ...rest) {
        return super.end(`<${chunk}>`, ...rest)
      }
    }
    const server = new http.Server({ IncomingMessage: Request, ServerResponse: Response }, (req, res) =>
      res.end(req.shout),
    )
    const url = await open(server)
    const seen = await (await fetch(`${url}/abc`)).text()
    await close(server)
    return [seen, server instanceof http.Server]
  },
}

/** Starts a program under a pm2 daemon of its own, sends requests to it, reloads it meanwhile, and stops it. */
async function managed(mode) {
  const { mkdtempSync, rmSync } = await import('node:fs')
  const home = mkdtempSync(`${require('node:os').tmpdir()}/spillway-pm2-`)
  Object.assign(process.env, { PM2_HOME: home, PM2_DISABLE_VERSION_CHECK: 'true' })
  const pm2 = require('pm2')
  const tell = (name, ...args) =>
    new Promise((resolve, reject) =>
      pm2[name](...args, (error, result) => (error ? reject(Object.assign(new Error(name), error)) : resolve(result))),
    )
  const probe = createServer()
  const { origin, port } = new URL(await open(probe))
  await close(probe)
  // The connection does not persist, so that each request may go to another process.
  const ask = () =>
    new Promise((resolve) => {
      http
        .get(origin, { agent: false }, (res) => {
          const isAsked = process.execArgv.length > 0
          res
            .setEncoding('utf8')
            .on('data', (text) => resolve('date' in res.headers === isAsked ? text : 'not as asked'))
        })
        .on('error', ({ code }) => resolve(code))
    })
  const reached = async (isReached) => {
    let text
    while (!isReached((text = await ask()))) await new Promise((resolve) => setTimeout(resolve, 20))
    return text
  }
  await tell('connect')
  try {
    await tell('start', {
      name: 'program',
      script: new URL('managed.cjs', import.meta.url).pathname,
      env: { PORT: port, SPILLWAY_QUIET: '1' },
      // NODE_OPTIONS in its environment would come too late for a worker of the daemon.
      node_args: process.execArgv,
      wait_ready: true,
      ...mode,
    })
    const before = await reached((text) => text.startsWith('pid'))
    const state = { isOver: false, lost: 0, asked: 0 }
    const asking = (async () => {
      while (!state.isOver) {
        state.asked++
        if (!(await ask()).startsWith('pid')) state.lost++
      }
    })()
    await tell('reload', 'program')
    const after = await reached((text) => text.startsWith('pid') && text !== before)
    state.isOver = true
    await asking
    await tell('stop', 'program')
    const gone = await ask()
    // In fork mode, a program cannot be replaced without a moment in which nothing listens.
    return [before !== after, state.asked > 0, mode.instances > 1 ? state.lost : 'not counted', gone]
  } finally {
    await tell('killDaemon')
    pm2.disconnect()
    rmSync(home, { recursive: true, force: true })
  }
}

const tool = process.argv[2]
const seen = await tools[tool]()
if (cluster.isPrimary) process.send({ seen }, () => process.exit())
