import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type ServerHttp2Stream, createSecureServer } from 'node:http2'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { directory, greeting, host, port, tls } from '../settings.ts'

createSecureServer(tls ?? {})
  .on('stream', (stream, headers) => answer(stream, headers[':path'] ?? '/'))
  // A client that disconnects in the middle ends its own session.
  .on('sessionError', () => {})
  .listen(port, host)

/** Not with `respondWithFile`: Node 20 crashes when a client disconnects during that. */
async function sendFile(stream: ServerHttp2Stream, file: string): Promise<void> {
  const { size } = await stat(file)
  if (stream.destroyed) return
  stream.respond({ ':status': 200, 'content-type': 'text/plain', 'content-length': size })
  await pipeline(createReadStream(file), stream)
}

function answer(stream: ServerHttp2Stream, path: string): void {
  // A client that disconnects resets its streams.
  stream.on('error', () => {})
  if (path === '/plaintext') {
    stream.respond({ ':status': 200, 'content-type': 'text/plain', 'content-length': greeting.length })
    stream.end(greeting)
  } else if (path === '/events') stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
  else if (path.startsWith('/static/'))
    sendFile(stream, join(directory, path.slice('/static/'.length))).catch(() => stream.close())
  else stream.respond({ ':status': 404 }, { endStream: true })
}
