import { type Handler } from '@spillway/core'
import { Http2Client } from '@spillway/core/http2'
import { testServer } from '@spillway/core/testing'

const app: Handler = async (c) => {
  if (c.path === '/slow') await new Promise((resolve) => setTimeout(resolve, 50))
  return c.text(`${c.path} over HTTP/${c.httpVersion}`)
}

/** The responses on one connection, in the order in which they arrive. */
export function answers(paths: readonly string[]): Promise<string[]> {
  const transport = testServer(app).open({ alpn: 'h2' })
  const client = new Http2Client(transport, { onChange: () => {}, onClose: () => {} })
  const came: string[] = []
  return new Promise((resolve) => {
    for (const path of paths) {
      const fields = [
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', path],
        [':authority', 'localhost'],
      ] as const
      const stream = client.request(fields, true, {
        onHead: () => {},
        onData: (chunk) => {
          came.push(Buffer.from(chunk).toString())
          stream.release(chunk.length)
        },
        onEnd: () => came.length === paths.length && resolve(came),
        onFail: ({ message }) => came.push(message),
        onDrain: () => {},
      })
    }
  })
}
