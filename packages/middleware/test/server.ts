import { type Handler, type Server, type ServerOptions, serve } from '@spillway/core'
import { onTestFinished } from 'vitest'
import { type WireReply, ask } from './wire.ts'

/** A server for one test, on a free port. */
export async function start(handler: Handler, options: ServerOptions = {}): Promise<Server> {
  const server = await serve(handler, { ...options, port: 0, host: '127.0.0.1' })
  onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
  return server
}

/** Sends a target exactly as it is written, which `fetch` would not, and reads to the end of the connection. */
export function send(server: Server, method: string, target: string, fields: string[] = []): Promise<WireReply> {
  return ask(server, `${method} ${target}`, { fields })
}
