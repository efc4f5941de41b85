// Runs under Deno: https://docs.deno.com/api/deno/~/Deno.serve
import { eventsOf } from '../web-events.ts'
import { greeting, host, port, selection, sum, tls, upstream } from '../settings.ts'

interface DenoSocket {
  addEventListener(type: 'message', listener: (event: { data: string }) => void): void
  send(data: string): void
}

declare const Deno: {
  serve(options: object, handler: (request: Request) => Response | Promise<Response>): void
  upgradeWebSocket(request: Request): { socket: DenoSocket; response: Response }
}

const events = eventsOf()

Deno.serve({ port, hostname: host, ...tls }, async (request) => {
  const { pathname, searchParams } = new URL(request.url)
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
  if (pathname === '/echo') {
    const { socket, response } = Deno.upgradeWebSocket(request)
    socket.addEventListener('message', ({ data }) => socket.send(data))
    return response
  }
  return new Response(null, { status: 404 })
})
