import type { Handler } from '@spillway/core'
import { type MemoryClient, testServer } from '@spillway/core/testing'

const app: Handler = (c) => c.text('hi')

/** One request at a time, over an in-memory connection, with a clock that stands still: no port, no waiting. */
export async function idleConnection(): Promise<{ client: MemoryClient; ended: boolean }> {
  const server = testServer(app)
  const client = server.connect()
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  server.advance(80_000) // past the keep-alive time
  await new Promise(setImmediate)
  return { client, ended: client.state === 'ended' }
}
