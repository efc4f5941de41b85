// Single requests over HTTP/1.1 or HTTP/2, sent while many other clients are connected.
import { once } from 'node:events'
import { Agent, type IncomingMessage, get } from 'node:http'
import { type ClientHttp2Session, type IncomingHttpHeaders, connect } from 'node:http2'

/** Sends requests on a connection of its own. */
export interface Probe {
  /** @throws Error for a status other than 200. */
  ask(target: string): Promise<void>
  close(): void
}

export async function openProbe(port: number, isHttp2: boolean): Promise<Probe> {
  return isHttp2 ? http2Probe(port) : http1Probe(port)
}

function http1Probe(port: number): Probe {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    ask: async (path) => {
      const request = get({ host: '127.0.0.1', port, path, agent, timeout: 30_000 })
      request.on('timeout', () => request.destroy(new Error('no answer in 30 s')))
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      check(response.statusCode)
      await once(response.resume(), 'end')
    },
    close: () => agent.destroy(),
  }
}

/** A connection that was idle while the clients connected may have been closed: it is reopened, as an agent would do. */
async function http2Probe(port: number): Promise<Probe> {
  let session = await openSession(port)
  return {
    ask: async (path) => {
      if (session.closed || session.destroyed) session = await openSession(port)
      const stream = session.request({ ':path': path })
      const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders]
      check(Number(head[':status']))
      await once(stream.resume(), 'end')
    },
    close: () => session.destroy(),
  }
}

async function openSession(port: number): Promise<ClientHttp2Session> {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  session.on('error', () => {})
  await once(session, 'connect')
  return session
}

function check(status: number | undefined): void {
  if (status !== 200) throw new Error(`a request meanwhile was answered ${status}`)
}
