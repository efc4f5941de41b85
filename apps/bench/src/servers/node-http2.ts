import { type ServerHttp2Stream, createSecureServer } from 'node:http2'
import { join } from 'node:path'
import { directory, greeting, host, port, tls } from '../settings.ts'

createSecureServer(tls ?? {})
  .on('stream', (stream, headers) => answer(stream, headers[':path'] ?? '/'))
  // A client that leaves in the middle ends its own session.
  .on('sessionError', () => {})
  .listen(port, host)

function answer(stream: ServerHttp2Stream, path: string): void {
  // A client that leaves resets its streams.
  stream.on('error', () => {})
  if (path === '/plaintext') {
    stream.respond({ ':status': 200, 'content-type': 'text/plain', 'content-length': greeting.length })
    stream.end(greeting)
  } else if (path === '/events') stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
  else if (path.startsWith('/static/'))
    stream.respondWithFile(join(directory, path.slice('/static/'.length)), { 'content-type': 'text/plain' })
  else stream.respond({ ':status': 404 }, { endStream: true })
}
