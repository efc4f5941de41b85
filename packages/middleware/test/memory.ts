import type { Handler } from '@spillway/core'
import { testServer } from '@spillway/core/testing'

/** What a synchronous handler answers, over memory: for tests that need hundreds of requests. */
export function ask(
  app: Handler,
  method: string,
  target: string,
  host = 'h',
): { readonly status: number; readonly content: string; readonly location: string | undefined } {
  const client = testServer(app).connect()
  client.send(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  const [head = '', content = ''] = client.received.split(/\r\n\r\n/)
  return { status: Number(head.split(' ')[1]), content, location: /^location: (.*)$/im.exec(head)?.[1] }
}
