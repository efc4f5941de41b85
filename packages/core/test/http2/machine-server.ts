import { afterEach, expect } from 'vitest'
import { type Handler, type Server, type ServerOptions, serve } from '../../src/index.ts'
import { MachineClient } from './machine-client.ts'

/** The server of the running test, once it was started. */
export let server: Server
/** The clients of the running test. */
export const clients: MachineClient[] = []

/** Ends the server and the clients behind each test of the file. */
export function endBehindEachTest(): void {
  afterEach(async () => {
    for (const one of clients.splice(0)) one.socket.destroy()
    await server.close({ deadline: 0 })
  })
}

export async function start(handler: Handler, options: ServerOptions = {}): Promise<Server> {
  return (server = await serve(handler, { port: 0, host: '127.0.0.1', http2: true, ...options }))
}

/** Another client of the server that was started. */
export function client(): MachineClient {
  const made = new MachineClient(server!.port)
  clients.push(made)
  return made
}

/** Somebody who behaves is answered all the while. */
export async function isServed(): Promise<void> {
  const other = client()
  expect((await other.all(other.request('GET', '/small'))).body).toBe('small')
  other.socket.destroy()
}
