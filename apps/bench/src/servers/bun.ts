// Runs under Bun: https://bun.com/docs/api/http
import { eventsOf } from '../web-events.ts'
import { directory, greeting, host, isPatient, port, selection, sum, tls, upstream } from '../settings.ts'

interface BunServer {
  upgrade(request: Request, options: { data: string }): boolean
  publish(topic: string, data: string): void
}

interface BunSocket {
  readonly data: string
  subscribe(topic: string): void
  send(data: string, compress?: boolean): void
}

declare const Bun: {
  serve(options: object): BunServer
  file(path: string): Blob
}

const sockets = new Set(['/echo', '/packed', '/publish'])

const events = eventsOf()

const server = Bun.serve({
  port,
  hostname: host,
  ...(tls && { tls, http2: true }),
  maxRequestBodySize: 2 ** 40,
  ...(isPatient && { idleTimeout: 0 }),
  websocket: {
    // One compressor for all connections: the client declines context takeover.
    perMessageDeflate: { compress: 'shared', decompress: 'shared' },
    open: (socket: BunSocket) => {
      if (socket.data === '/publish') socket.subscribe('room')
    },
    message: (socket: BunSocket, data: string) => {
      if (socket.data === '/publish') server.publish('room', data)
      else socket.send(data, socket.data === '/packed')
    },
  },
  async fetch(request: Request): Promise<Response | undefined> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname.startsWith('/static/'))
      return new Response(Bun.file(`${directory}/${pathname.slice('/static/'.length)}`))
    if (upstream !== undefined) return fetch(upstream + pathname, request)
    if (pathname === '/plaintext') return new Response(greeting)
    if (pathname === '/baseline11') {
      const content = request.method === 'POST' ? await request.text() : 0
      return new Response(sum(searchParams.get('a'), searchParams.get('b'), content))
    }
    if (pathname.startsWith('/json/'))
      return Response.json(selection(pathname.slice('/json/'.length), searchParams.get('m')))
    if (pathname === '/events') return events(request)
    if (pathname === '/upload') {
      let size = 0
      if (request.body) for await (const chunk of request.body) size += chunk.length
      return new Response(String(size))
    }
    if (sockets.has(pathname) && server.upgrade(request, { data: pathname })) return undefined
    return new Response(null, { status: 404 })
  },
})
