// What is done with each callback that an application can hand in: the callback misbehaves, a client asks for it.
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createNodeServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AbortedError, type Handler, type ServerOptions, guardSignal, guarded, serve } from '@spillway/core'
import { inject, injector, testServer } from '@spillway/core/testing'
import { fromFetch, toFetch } from '@spillway/core/web'
import { basicAuth, bearerAuth } from '../../src/auth.ts'
import { body } from '../../src/body.ts'
import { cgi } from '../../src/cgi.ts'
import { compression } from '../../src/compression.ts'
import { connect, toNodeListener } from '../../src/connect.ts'
import { client as clientOf } from '../../src/contract-client.ts'
import { cors } from '../../src/cors.ts'
import { readiness } from '../../src/health.ts'
import { compose, defineMiddleware, wrap } from '../../src/index.ts'
import { jwt } from '../../src/jwt.ts'
import { logger } from '../../src/logger.ts'
import { metrics } from '../../src/metrics.ts'
import { negotiate } from '../../src/negotiate.ts'
import { Server as NodeServer, createServer as createNodeKind, fromNodeListener } from '../../src/node.ts'
import { openApi } from '../../src/openapi.ts'
import { problems } from '../../src/problem.ts'
import { proxy, upstreams } from '../../src/proxy.ts'
import { rateLimit, redisStore as quotasInRedis } from '../../src/rate-limit.ts'
import { router } from '../../src/router.ts'
import { serverTiming } from '../../src/server-timing.ts'
import { redisStore as sessionsInRedis, sessions } from '../../src/sessions.ts'
import { sse } from '../../src/sse.ts'
import { staticFiles } from '../../src/static.ts'
import { timeout } from '../../src/timeout.ts'
import { redisBus, topics } from '../../src/topics.ts'
import { trace } from '../../src/trace.ts'
import { connectWebSocket } from '../../src/websocket-client.ts'
import { websocket } from '../../src/websocket.ts'
import type { StandardSchemaV1 } from '@standard-schema/spec'

export type Misbehaving = (...args: any[]) => any

/** Serves, asks, and sees to it that there is an answer. */
export interface Stage {
  /** A handler behind a server; the client asks for `/play`. */
  ask(handler: Handler<any>, request?: string, options?: ServerOptions): Promise<void>
}

export type Play = (bad: Misbehaving, stage: Stage) => unknown

const ok: Handler<any> = (c) => c.text('ok')
const boom: Handler<any> = () => {
  throw new Error('A handler failed')
}
/** Middleware in front of a handler. */
const behind = (middleware: any, handler: Handler<any> = ok): Handler<any> =>
  wrap([middleware] as never, handler as never)
const get = (fields = ''): string => `GET /play HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n`
const post = 'POST /play HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc'
const json = post.replace('Content-Length', 'Content-Type: application/json\r\nContent-Length').replace('abc', '{} ')
const upgrade = `GET /play HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`
/** A masked text message, and a close frame. */
const frames = '\x81\x82\0\0\0\0hi\x88\x80\0\0\0\0'

/** A member of an object that is right else. */
const store = (member: string, bad: Misbehaving): any => ({
  get: async () => undefined,
  create: async () => {},
  update: async () => {},
  delete: async () => {},
  take: async () => ({ allowed: true, used: 0, wait: 0 }),
  [member]: bad,
})
const changes =
  (change: (session: any) => void): Handler<any> =>
  (c) => {
    change(c.state.session)
    return c.text('ok')
  }
/** A session that there is already, whose request changes it. */
const known = (member: string, bad: Misbehaving): any => ({
  ...store('get', async () => `${Math.floor(Date.now() / 1000)} - - -0 {"n":1}`),
  [member]: bad,
})
const cookie = get(`Cookie: session=${'a'.repeat(43)}\r\n`)
const sessionsOf = (kept: any): any => sessions({ store: kept, name: 'session', cookie: { secure: false } })

const file = (member: string, bad: Misbehaving): any => ({
  open: (path: string) =>
    path === ''
      ? 'directory'
      : {
          size: 3,
          modified: 0,
          bytes: async () => Buffer.from('abc'),
          isCurrent: () => false,
          close: () => {},
          [member]: bad,
        },
})
const large = (bad: Misbehaving): any => ({
  open: () => ({ size: 8 << 20, modified: 0, etag: '"a"', bytes: async () => undefined, stream: bad }),
})

const schema = (validate: Misbehaving): StandardSchemaV1 =>
  ({ '~standard': { version: 1, vendor: 'test', validate } }) as unknown as StandardSchemaV1

const folder = mkdtempSync(join(tmpdir(), 'spillway-callbacks-'))
const script = join(folder, 'script')
writeFileSync(script, `#!/bin/sh\necho complaint >&2\nprintf 'Content-Type: text/plain\\r\\n\\r\\nok'\n`, {
  mode: 0o755,
})
const moving = join(folder, 'moving')
writeFileSync(moving, `#!/bin/sh\nprintf 'Location: /elsewhere\\r\\n\\r\\n'\n`, { mode: 0o755 })
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const scripts = (options: object): Handler<any> => behind(cgi(folder, options))

const routes = (build: (app: any) => void): Handler<any> => {
  const app = router()
  build(app)
  return app
}

const methods = ['get', 'head', 'post', 'put', 'delete', 'patch', 'options', 'all']
const inRouter: Record<string, Play> = {}
for (const kind of ['Router', 'Routes']) {
  const within = (build: (app: any) => void): Handler<any> =>
    routes((app) => (kind === 'Router' ? build(app) : app.group('/', build)))
  for (const method of methods) {
    const request = method === 'all' ? get() : get().replace('GET', method.toUpperCase())
    inRouter[`${kind}.${method}(handler)`] = (bad, stage) =>
      stage.ask(
        within((app) => app[method]('/play', bad)),
        request,
      )
    inRouter[`${kind}.${method}(front)`] = (bad, stage) =>
      stage.ask(
        within((app) => app[method]('/play', [bad], ok)),
        request,
      )
  }
  inRouter[`${kind}.on(handler)`] = (bad, stage) => stage.ask(within((app) => app.on('GET', '/play', bad)))
  inRouter[`${kind}.on(front)`] = (bad, stage) => stage.ask(within((app) => app.on('GET', '/play', [bad], ok)))
  inRouter[`${kind}.use(middlewares)`] = (bad, stage) => stage.ask(within((app) => app.use(bad).get('/play', ok)))
  inRouter[`${kind}.mount(handler)`] = (bad, stage) => stage.ask(within((app) => app.mount('/play', bad)))
  inRouter[`${kind}.notFound(handler)`] = (bad, stage) => stage.ask(within((app) => app.notFound(bad)))
  inRouter[`${kind}.group(build)`] = (bad) => within((app) => app.group('/a', bad))
  inRouter[`${kind}.bypass(build)`] = (bad) => within((app) => app.bypass('/b', bad))
}

/** By the key that the public types give. */
export const plays: Readonly<Record<string, Play>> = {
  ...inRouter,
  'Router.host(build)': (bad) => routes((app) => app.host('a', bad)),

  'ClientOptions.fetch': (bad) => settles((clientOf('http://a', { fetch: bad }) as any)('/play').get()),
  'ClientOptions.headers': (bad) =>
    settles((clientOf('http://a', { headers: bad, fetch: async () => new Response('{}') }) as any)('/play').get()),
  'Contract.layers': (bad, stage) => stage.ask(routes((app) => app.get('/play', { layers: [bad] }, ok))),
  'Contract.reviver': (bad, stage) =>
    stage.ask(
      routes((app) => app.post('/play', { body: schema((value) => ({ value })), reviver: bad }, ok)),
      `${post.slice(0, -3).replace('\r\n\r\n', '\r\nContent-Type: application/json\r\n\r\n')}123`,
    ),
  'RouterOptions.stringify': (bad, stage) => stage.ask(contracted({ stringify: bad })),
  'RouterOptions.stringify→': (bad, stage) => stage.ask(contracted({ stringify: () => bad })),
  'RouterOptions.toJsonSchema': (bad, stage) =>
    stage.ask(contracted({ stringify: () => JSON.stringify, toJsonSchema: bad })),
  'MetricsOptions.everyWorker': async (bad, stage) => {
    const { observe, expose, stop } = metrics({ everyWorker: bad })
    await stage.ask(behind(observe, expose))
    stop()
  },
  'MetricsOptions.everyWorker→': async (bad, stage) => {
    const { observe, expose, stop } = metrics({ everyWorker: () => bad })
    await stage.ask(behind(observe, expose))
    stop()
  },
  'ProblemsOptions.reply': (bad, stage) => stage.ask(behind(problems({ reply: bad, onError: () => {} }), boom)),
  'negotiate(representations)[]': (bad, stage) => stage.ask((c) => negotiate(c, { 'text/plain': bad })),
  'injector(handler)': (bad) => settles(injector(bad)(new Request('http://a/play'))),
  'fromNodeListener(listener)': (bad, stage) => stage.ask(fromNodeListener(bad)),
  'Server(listener)': (bad) => asServer(new NodeServer(bad)),
  'createServer(listener)': (bad) => asServer(createNodeKind(bad)),
  'ErrorOptions.onError': (bad) => asServer(createNodeKind({ onError: bad }, () => boom(undefined))),

  'createServer(handler)': (bad, stage) => stage.ask(bad),
  'serve(handler)': async (bad) => {
    const server = await serve(bad, { port: 0 })
    await settles(fetch(server.url, { signal: AbortSignal.timeout(100) }))
    await server.close({ deadline: 20 })
  },
  'inject(handler)': (bad) => settles(inject(bad, '/play')),
  'testServer(handler)': async (bad) => {
    const client = testServer(bad).connect()
    client.send(get())
    await Promise.race([client.changed(), soon()])
  },
  'toFetch(handler)': (bad) => settles(toFetch(bad)(new Request('http://a/play'))),
  'fromFetch(app)': (bad, stage) => stage.ask(fromFetch(bad)),
  'toNodeListener(handler)': (bad) => asNode(bad, {}),
  'ForeignOptions.onError': (bad) => asNode(boom, { onError: bad }),
  'ForeignSettings.onError': (bad) => settles(toFetch(boom, { onError: bad })(new Request('http://a/play'))),
  'ServerOptions.onError': (bad, stage) => stage.ask(boom, get(), { onError: bad }),
  'Context.json(replacer)': (bad, stage) => stage.ask((c) => c.json({ a: 1 }, 200, bad)),
  'Context.done(callback)': (bad, stage) => stage.ask((c) => (c.done(bad), c.text('ok'))),
  'Context.onAbort(callback)': (bad, stage) =>
    stage.ask((c) => {
      c.onAbort(bad)
      c.abort(new AbortedError('timeout', 'enough'))
      return c.text('ok')
    }),
  'Context.onShutdown(callback)': async (bad) => {
    const server = await serve(
      async (c) => {
        c.onShutdown(bad)
        await soon()
        return c.text('ok')
      },
      { port: 0 },
    )
    const answered = fetch(server.url)
    await soon(5)
    await server.close({ deadline: 500 })
    await (await answered).text()
  },
  'Context.upgrade(take)': (bad, stage) => stage.ask((c) => c.upgrade(bad, { Upgrade: 'websocket' }), upgrade),
  'guarded(callback)': (bad) => guarded(bad, () => {}),
  'guardSignal(report)': (bad) => {
    const controller = new AbortController()
    guardSignal(controller.signal, bad)
    controller.signal.addEventListener('abort', boom as never)
    controller.abort()
  },

  'compose(middlewares)': (bad, stage) => stage.ask(behind(compose(bad), ok)),
  'defineMiddleware(middleware)': (bad, stage) => stage.ask(behind(defineMiddleware(bad as never) as never, ok)),
  'wrap(handler)': (bad, stage) => stage.ask(wrap([], bad)),
  'wrap(middlewares)': (bad, stage) => stage.ask(behind(bad)),

  'BasicAuthOptions.verify': (bad, stage) =>
    stage.ask(behind(basicAuth({ verify: bad }), ok), get('Authorization: Basic YTpi\r\n')),
  'BearerAuthOptions.verify': (bad, stage) =>
    stage.ask(behind(bearerAuth({ verify: bad }), ok), get('Authorization: Bearer abc\r\n')),
  'BearerAuthOptions.from': (bad, stage) =>
    stage.ask(behind(bearerAuth({ verify: () => 'ali', from: [bad] }), ok), get('Authorization: Bearer abc\r\n')),
  'BodyOptions.reviver': (bad, stage) =>
    stage.ask(behind(body('json', { reviver: bad, types: ['text/plain'] }), ok), json),
  'JwtOptions.key': (bad, stage) =>
    stage.ask(behind(jwt({ key: bad, algorithms: ['HS256'] }), ok), get(`Authorization: Bearer ${token}\r\n`)),
  'JwtOptions.claims': (bad, stage) =>
    stage.ask(
      behind(jwt({ key: secret, algorithms: ['HS256'], claims: bad, requiredClaims: [] }), ok),
      get(`Authorization: Bearer ${token}\r\n`),
    ),
  'CorsOptions.origins': (bad, stage) => stage.ask(behind(cors({ origins: bad }), ok), get('Origin: http://b\r\n')),
  'LoggerOptions.write': (bad, stage) => stage.ask(behind(logger({ write: bad }), ok)),
  'LogSink.info': (bad, stage) => stage.ask(behind(logger({ sink: { info: bad } }), ok)),
  'MetricsOptions.server': async (bad, stage) => {
    const { observe, expose, stop } = metrics({ server: bad })
    await stage.ask(behind(observe, expose))
    stop()
  },
  'ProblemsOptions.onError': (bad, stage) => stage.ask(behind(problems({ onError: bad }), boom)),
  'TimeoutOptions.onError': (bad, stage) =>
    stage.ask(
      behind(timeout(1, { onError: bad }), async () => {
        await soon()
        throw new Error('Late work failed')
      }),
    ),
  'ServerTimingOptions.show': (bad, stage) => stage.ask(behind(serverTiming({ show: bad }), ok)),
  'TraceOptions.sample': (bad, stage) => stage.ask(behind(trace({ sample: bad }), ok)),
  'ReadinessOptions.server': (bad, stage) => stage.ask(readiness({ server: bad, checks: {} })),
  'ReadinessOptions.checks[]': (bad, stage) =>
    stage.ask(readiness({ server: () => ({ closing: false }), checks: { it: bad }, timeout: 20 })),

  'RateLimitRule.key': (bad, stage) => stage.ask(behind(rateLimit({ limit: 1, key: bad }), ok)),
  'RateLimitStore.take': (bad, stage) =>
    stage.ask(behind(rateLimit({ limit: 1, store: { take: bad }, whenAway: 'open', patience: 20 }), ok)),
  'SharedQuotas.onError': (bad, stage) =>
    stage.ask(
      behind(rateLimit({ limit: 1, store: { take: boom as never }, whenAway: 'open', patience: 20, onError: bad }), ok),
    ),
  'redisStore(command)': async (bad, stage) => {
    await stage.ask(behind(rateLimit({ limit: 1, store: quotasInRedis(bad), whenAway: 'closed', patience: 20 }), ok))
    await stage.ask(behind(sessionsOf(sessionsInRedis(bad)), ok), cookie)
    await stage.ask(
      behind(
        sessionsOf(sessionsInRedis(bad)),
        changes((session) => (session.data.n = 1)),
      ),
    )
  },
  'CompressionOptions.filter': (bad, stage) =>
    stage.ask(behind(compression({ filter: bad }), ok), get('Accept-Encoding: gzip\r\n')),
  'Router.onError(handler)': (bad, stage) => stage.ask(router().onError(bad).get('/play', boom)),
  'SessionsOptions.onError': (bad, stage) =>
    stage.ask(
      behind(
        sessions({ store: store('get', boom as never), name: 'session', cookie: { secure: false }, onError: bad }),
        ok,
      ),
      cookie,
    ),
  'SessionStore.get': (bad, stage) => stage.ask(behind(sessionsOf(store('get', bad)), ok), cookie),
  'SessionStore.create': (bad, stage) =>
    stage.ask(
      behind(
        sessionsOf(store('create', bad)),
        changes((session) => (session.data.n = 1)),
      ),
    ),
  'SessionStore.update': (bad, stage) =>
    stage.ask(
      behind(
        sessionsOf(known('update', bad)),
        changes((session) => (session.data.n = 2)),
      ),
      cookie,
    ),
  'SessionStore.delete': (bad, stage) =>
    stage.ask(
      behind(
        sessionsOf(known('delete', bad)),
        changes((session) => session.destroy()),
      ),
      cookie,
    ),

  'StaticOptions.cacheControl': (bad, stage) =>
    stage.ask(
      behind(
        staticFiles(
          file('close', () => {}),
          { cacheControl: bad },
        ) as never,
        ok,
      ),
    ),
  'FileSource.open': (bad, stage) => stage.ask(behind(staticFiles({ open: bad }) as never, ok)),
  'FileSource.list': (bad, stage) =>
    stage.ask(
      behind(
        staticFiles(
          { open: (path) => (path.endsWith('.html') ? undefined : 'directory'), list: bad },
          {
            listing: true,
          },
        ) as never,
        ok,
      ),
      get().replace('/play', '/play/'),
    ),
  'SourceFile.bytes': (bad, stage) => stage.ask(behind(staticFiles(file('bytes', bad)) as never, ok)),
  'SourceFile.close': (bad, stage) => stage.ask(behind(staticFiles(file('close', bad)) as never, ok)),
  'SourceFile.isCurrent': async (bad, stage) => {
    const files = behind(staticFiles(file('isCurrent', bad), { recheckAfter: 0 }) as never)
    await stage.ask(files)
    await stage.ask(files)
  },
  'SourceFile.stream': (bad, stage) => stage.ask(behind(staticFiles(large(bad)) as never, ok)),

  'CgiOptions.user': (bad, stage) => stage.ask(scripts({ user: bad }), get().replace('/play', '/script')),
  'CgiOptions.onStderr': (bad, stage) => stage.ask(scripts({ onStderr: bad }), get().replace('/play', '/script')),
  'CgiOptions.redirect': (bad, stage) => stage.ask(scripts({ redirect: bad }), get().replace('/play', '/moving')),

  'ProxyOptions.headers': (bad, stage) =>
    stage.ask(proxy(upstreams(['http://127.0.0.1:1']), { headers: bad, retries: 0 })),
  'UpstreamsOptions.balance': (bad, stage) => stage.ask(proxy(upstreams(['http://127.0.0.1:1'], { balance: bad }))),

  'connect(middlewares)': (bad, stage) => stage.ask(behind(connect(bad as never), ok)),

  'sse(source)': (bad, stage) => stage.ask((c) => sse(c, bad)),
  'openApi(app).routes': (bad) => openApi({ routes: bad }, { info: { title: 'a', version: '1' } }),
  'OpenApiOptions.toJsonSchema': (bad) =>
    openApi(
      { routes: () => [{ method: 'GET', pattern: '/', notes: [{ query: schema(() => ({ value: 1 })) }] }] },
      { info: { title: 'a', version: '1' }, toJsonSchema: bad },
    ),

  'websocket(accept)': (bad, stage) => stage.ask(websocket(bad), upgrade),
  'WebSocketHandlers.open': (bad, stage) =>
    stage.ask(
      websocket(() => ({ open: bad })),
      upgrade + frames,
    ),
  'WebSocketHandlers.message': (bad, stage) =>
    stage.ask(
      websocket(() => ({ message: bad })),
      upgrade + frames,
    ),
  'WebSocketHandlers.close': (bad, stage) =>
    stage.ask(
      websocket(() => ({ close: bad })),
      upgrade + frames,
    ),
  'WebSocketOptions.onError': (bad, stage) =>
    stage.ask(
      websocket(() => ({ message: boom as never }), { onError: bad }),
      upgrade + frames,
    ),
  'SchemaOptions.onError': (bad, stage) =>
    stage.ask(
      websocket(() => ({ message: boom as never }), { onError: bad, schema: schema(bad) }),
      upgrade + '\x81\x82\0\0\0\x0012',
    ),
  'ConnectOptions.onError': async (bad) => {
    const server = await serve(
      websocket(() => ({ open: (socket) => void socket.send('hi') })),
      { port: 0 },
    )
    const socket = await connectWebSocket(server.url, { message: boom as never }, { onError: bad })
    await soon()
    socket.close()
    await server.close({ deadline: 20 })
  },
  'Bus.publish': (bad) =>
    topics({ bus: { publish: bad, listen: () => () => {} }, onError: () => {} })('a').publish('b'),
  'Bus.listen': (bad) => followed({ bus: { publish: () => {}, listen: bad }, onError: () => {} }),
  'Bus.listen→': (bad) => followed({ bus: { publish: () => {}, listen: () => bad }, onError: () => {} }),
  'TopicOptions.onError': (bad) =>
    topics({ bus: { publish: boom as never, listen: () => () => {} }, onError: bad })('a').publish('b'),
  'RedisSubscriber.on': (bad) => followed({ bus: redisBus(async () => 1, { ...subscriber, on: bad }) }),
  'RedisSubscriber.subscribe': (bad) => followed({ bus: redisBus(async () => 1, { ...subscriber, subscribe: bad }) }),
  'RedisSubscriber.unsubscribe': (bad) =>
    followed({ bus: redisBus(async () => 1, { ...subscriber, unsubscribe: bad }), onError: () => {} }),
  'redisBus(command)': (bad) => topics({ bus: redisBus(bad, subscriber), onError: () => {} })('a').publish('b'),
  'redisBus(onError)': (bad) =>
    followed({ bus: redisBus(async () => 1, { ...subscriber, subscribe: boom as never }, 'a:', bad) }),
}

/** Where those are tried that need a process, a certificate or another program of their own. */
export const elsewhere: Readonly<Record<string, string>> = {
  'ClusterOptions.onCrash': 'packages/core/test/cluster/cluster.test.ts',
  'cluster(start)': 'packages/core/test/cluster/cluster.test.ts',
  'cluster(start)→.close': 'packages/core/test/cluster/cluster.test.ts',
  'Closable.close': 'packages/core/test/serve/signals.test.ts',
  'SignalOptions.onClosed': 'packages/core/test/serve/signals.test.ts',
  'SignalOptions.onClosing': 'packages/core/test/serve/signals.test.ts',
  'everyWorker(answer)': 'packages/core/test/cluster/listening.test.ts',
  'TlsPolicy.acmeChallenge': 'packages/core/test/sockets/acme-challenge.test.ts',
  'NamedTls.acmeChallenge': 'packages/core/test/sockets/acme-challenge.test.ts',
  'NamedTls.ocsp': 'packages/core/test/sockets/tls-stapling.test.ts',
  'NamedTls.sni': 'packages/core/test/sockets/tls.test.ts',
  'TlsPolicy.ocsp': 'packages/core/test/sockets/tls-stapling.test.ts',
  'TlsPolicy.sni': 'packages/core/test/sockets/tls.test.ts',
}

/** What one function calls for several types. */
export const sameAs: Readonly<Record<string, string>> = {
  'SecureServer(listener)': 'Server(listener)',
  'createSecureServer(listener)': 'createServer(listener)',
  'FastCgiOptions.onStderr': 'CgiOptions.onStderr',
  'FastCgiOptions.redirect': 'CgiOptions.redirect',
  'FastCgiOptions.user': 'CgiOptions.user',
  'JwtOptions.from': 'BearerAuthOptions.from',
  'Routes.onError(handler)': 'Router.onError(handler)',
  'ValidateOptions.reviver': 'BodyOptions.reviver',
}

/**
 * What no application hands in, though types that are public speak of it: the other side of what packages of ours build
 * servers and tunnels with.
 */
export const betweenPackages: ReadonlySet<string> = new Set([
  'BodyPort.demand',
  'ForeignExchange.run(handler)',
  'ForeignRequest.content',
  'ForeignRequest.hints',
  'ForeignRequest.onGone',
  'Holding.share',
  'NodeTransport.flushed(done)',
  'Transport.flushed(done)',
  'TransportSink.onClose',
  'TransportSink.onData',
  'TransportSink.onDrain',
  'TransportSink.onEnd',
  'TransportSink.onShutdown',
  'Upstreams.#balance(usable)',
  'Upstreams.#exchange(make)',
  'dropSource(report)',
  'guarded(report)',
])

const subscriber = { subscribe: async () => {}, unsubscribe: async () => {}, on: () => {} }

function followed(options: object): void {
  const controller = new AbortController()
  const topic = topics(options)('a')
  topic.subscribe({ lastEventId: undefined, signal: controller.signal, send: async () => {} })()
}

/** A route whose reply is written by its schema. */
const contracted = (options: object): Handler<any> =>
  router(options).get(
    '/play',
    { gives: { 200: schema((value) => ({ value })) } } as never,
    ((_: unknown, give: any) => give(200, { a: 1 })) as never,
  ) as never

/** A server of Node's kind is asked, and closed. */
async function asServer(server: ReturnType<typeof createNodeKind>): Promise<void> {
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  await settles(fetch(`http://127.0.0.1:${port}/play`, { signal: AbortSignal.timeout(100) }).then((r) => r.text()))
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

const soon = (ms = 15): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const settles = (promise: Promise<unknown>): Promise<unknown> => Promise.race([promise.catch(() => {}), soon(500)])

async function asNode(handler: Handler<any>, options: object): Promise<void> {
  const server = createNodeServer(toNodeListener(handler, options))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await fetch(`http://127.0.0.1:${port}/play`, { signal: AbortSignal.timeout(300) })
    .then((r) => r.text())
    .catch(() => {})
  server.closeAllConnections()
  server.close()
}

const secret = Buffer.alloc(32, 1)
const words = ['{"alg":"HS256"}', '{"exp":9999999999}'].map((part) => Buffer.from(part).toString('base64url')).join('.')
const token = `${words}.${createHmac('sha256', secret).update(words).digest('base64url')}`
