// Sends bytes to a server as they are.
import { type Socket, connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { MessageParser } from '@spillway/parser'

/** The response to bytes that were sent. */
export interface Sent {
  /** The first part of it; base64. */
  readonly received: string
  /** How many bytes there were. */
  readonly total: number
  readonly ms: number
  readonly ended: 'complete' | 'by the server' | 'in time'
}

/** Most bytes that are kept, and most milliseconds to wait. */
const [mostKept, mostTime] = [256 * 1024, 10_000]

/** Sends bytes to a server, as they are, and returns its answer to one request. @throws the system's error. */
export async function send(url: string, method: string, bytes: Uint8Array): Promise<Sent> {
  const started = performance.now()
  const socket = await open(new URL(url))
  const parser = new MessageParser('response')
  parser.expect(method)
  const kept: Uint8Array[] = []
  let total = 0
  const ended = await new Promise<Sent['ended']>((resolve) => {
    const timer = setTimeout(() => resolve('in time'), mostTime)
    const done = (how: Sent['ended']): void => {
      clearTimeout(timer)
      resolve(how)
    }
    socket.on('data', (chunk: Buffer) => {
      if (total < mostKept) kept.push(chunk.subarray(0, mostKept - total))
      total += chunk.length
      if (isComplete(parser, chunk)) done('complete')
    })
    socket.on('error', () => done('by the server'))
    socket.on('close', () => done('by the server'))
    socket.write(bytes)
  })
  socket.destroy()
  return { received: Buffer.concat(kept).toString('base64'), total, ms: performance.now() - started, ended }
}

/** Whether a final response is complete. */
function isComplete(parser: MessageParser, chunk: Uint8Array): boolean {
  let status = 0
  try {
    for (const event of parser.feed(chunk)) {
      if (event.type === 'response') status = event.head.status
      if (event.type === 'rest' || (event.type === 'end' && status >= 200)) return true
    }
  } catch {
    // Something that is not HTTP ends only with the connection.
  }
  return false
}

function open({ protocol, hostname, port }: URL): Promise<Socket> {
  const at = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), noDelay: true }
  return new Promise((resolve, reject) => {
    // It is a server of this very process, whatever name its certificate is for.
    const secure = { ...at, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }
    const socket =
      protocol === 'https:' ? connectTls(secure, () => resolve(socket)) : connect(at, () => resolve(socket))
    socket.once('error', reject)
  })
}
