// Compares how servers handle messages and events before they are measured.
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import type { Answer } from './compare.ts'
import { type Messages, messageText } from './workloads.ts'

/** Milliseconds within which a message has to come back. */
const patience = 10_000
/** Most bytes in a frame header. */
const headBytes = 14

/** Sends a message as the workload does. The answer's content is the message as it came back, and whether it was compressed. */
export async function answerToMessage({ path, bytes }: Messages, port: number): Promise<Answer> {
  const text = messageText(bytes)
  const content = await (path === '/events' ? event(port, text) : message(port, path, text))
  return { status: 200, content }
}

async function message(port: number, path: string, text: string): Promise<string> {
  const offer = { clientNoContextTakeover: true, serverNoContextTakeover: true }
  const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, {
    perMessageDeflate: path === '/packed' && offer,
    handshakeTimeout: patience,
  })
  let socket: Socket | undefined
  client.on('upgrade', (response) => (socket = response.socket))
  try {
    await once(client, 'open')
    const before = socket?.bytesRead ?? 0
    client.send(text)
    const [data, isBinary] = (await once(client, 'message', { signal: AbortSignal.timeout(patience) })) as [
      Buffer,
      boolean,
    ]
    const came = (socket?.bytesRead ?? 0) - before
    const form = came > text.length + headBytes ? 'longer' : came < text.length ? 'compressed' : 'as it is'
    return `${isBinary ? 'binary' : 'text'}, ${form}: ${data.toString('latin1')}`
  } finally {
    client.terminate()
  }
}

async function event(port: number, text: string): Promise<string> {
  // A persistent connection, as clients of events use: Bun does not send anything yet on one with `Connection: close`.
  const agent = new Agent({ keepAlive: true })
  const to = { host: '127.0.0.1', port, path: '/events', agent } as const
  const reader = request({ ...to, headers: { Accept: 'text/event-stream' } })
  try {
    const [response] = (await once(reader.end(), 'response')) as [IncomingMessage]
    const poster = request({ ...to, method: 'POST', headers: { 'Content-Type': 'text/plain' } })
    poster.end(text)
    const [answer] = (await once(poster, 'response')) as [IncomingMessage]
    answer.resume()
    let seen = ''
    for await (const part of response.setEncoding('latin1')) {
      // Comments may precede the events.
      seen = (seen + part).replace(/^:.*\n\n/, '')
      if (seen.includes(text) && seen.endsWith('\n\n')) break
    }
    return `${response.statusCode} ${response.headers['content-type']?.split(';')[0]} ${seen}`
  } finally {
    agent.destroy()
  }
}
