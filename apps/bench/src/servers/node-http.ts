import { Agent, type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import httpProxy from 'http-proxy'
import sirv from 'sirv'
import { directory, greeting, host, isPatient, port, selection, sum, tls, upstream } from '../settings.ts'

const files = sirv(directory, { etag: true })

function listener(request: IncomingMessage, response: ServerResponse): void {
  const target = request.url ?? '/'
  if (target === '/plaintext') return send(response, 'text/plain', greeting)
  if (target.startsWith('/static/')) return file(request, response, target)
  // A client that disconnects in the middle of the content ends its own request, and nothing else.
  route(request, response, target).catch(() => response.destroy())
}

function file(request: IncomingMessage, response: ServerResponse, target: string): void {
  request.url = target.slice('/static'.length)
  files(request, response)
}

const readers = new Set<ServerResponse>()
const proxy = httpProxy.createProxyServer({ target: upstream, xfwd: true, agent: new Agent({ keepAlive: true }) })
// A client that disconnects ends its own request.
proxy.on('error', (_error, _request, response) => response.destroy())

function pass(request: IncomingMessage, response: ServerResponse): void {
  const target = request.url ?? '/'
  if (target.startsWith('/static/')) file(request, response, target)
  else proxy.web(request, response)
}

const answer = upstream === undefined ? listener : pass
const server = tls ? createSecureServer(tls, answer) : createServer(answer)
if (isPatient) server.keepAliveTimeout = 0
server.listen(port, host)

async function route(request: IncomingMessage, response: ServerResponse, target: string): Promise<void> {
  const { pathname, searchParams } = new URL(target, 'http://localhost')
  if (pathname === '/baseline11') {
    const content = request.method === 'POST' ? (await read(request)).toString() : 0
    send(response, 'text/plain', sum(searchParams.get('a'), searchParams.get('b'), content))
  } else if (pathname.startsWith('/json/')) {
    const value = selection(pathname.slice('/json/'.length), searchParams.get('m'))
    send(response, 'application/json', JSON.stringify(value))
  } else if (pathname === '/upload') {
    let size = 0
    for await (const chunk of request) size += (chunk as Buffer).length
    send(response, 'text/plain', String(size))
  } else if (pathname === '/events' && request.method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }).flushHeaders()
    readers.add(response)
    response.on('close', () => readers.delete(response))
  } else if (pathname === '/events') {
    const event = `data: ${(await read(request)).toString()}\n\n`
    for (const reader of readers) reader.write(event)
    response.writeHead(204).end()
  } else response.writeHead(404).end()
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function send(response: ServerResponse, type: string, content: string): void {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(content) }).end(content)
}
