// Runs under Bun: https://bun.com/docs/api/http
import { directory, greeting, host, port, selection, sum, tls } from '../settings.ts'

interface BunServer {
  upgrade(request: Request): boolean
}

declare const Bun: {
  serve(options: object): BunServer
  file(path: string): Blob
}

Bun.serve({
  port,
  hostname: host,
  ...(tls && { tls }),
  maxRequestBodySize: 2 ** 40,
  websocket: { message: (socket: { send(data: string): void }, data: string) => socket.send(data) },
  async fetch(request: Request, server: BunServer): Promise<Response | undefined> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/plaintext') return new Response(greeting)
    if (pathname === '/baseline11') {
      const content = request.method === 'POST' ? await request.text() : 0
      return new Response(sum(searchParams.get('a'), searchParams.get('b'), content))
    }
    if (pathname.startsWith('/json/'))
      return Response.json(selection(pathname.slice('/json/'.length), searchParams.get('m')))
    if (pathname.startsWith('/static/'))
      return new Response(Bun.file(`${directory}/${pathname.slice('/static/'.length)}`))
    if (pathname === '/upload') {
      let size = 0
      if (request.body) for await (const chunk of request.body) size += chunk.length
      return new Response(String(size))
    }
    if (pathname === '/echo' && server.upgrade(request)) return undefined
    return new Response(null, { status: 404 })
  },
})
