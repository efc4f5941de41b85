import { type Context, Reply } from '@spillway/core'
import { clientOf } from '../http/known-client.ts'
import { acceptOf } from '../http/websocket-accept.ts'
import type { Answer, UpstreamConnection } from './connection.ts'
import { ContentPump } from './content-pump.ts'
import { UpstreamError } from './errors.ts'
import type { Upstreams } from './group.ts'
import { type HeadRules, type RequestPlan, planRequest, requestHead } from './request-head.ts'
import { ResponseBody } from './response-body.ts'
import { joinTunnel } from './tunnel.ts'
import type { Upstream } from './upstream.ts'

/** Methods that may be sent twice (RFC 9110 §9.2.2). */
const idempotent: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
  'PROPFIND',
  'REPORT',
  'SEARCH',
])
/** Sends a request on and gives the reply; tries again where that is safe. */
export async function forward(
  c: Context<any, any>,
  group: Upstreams,
  rules: HeadRules,
  retries: number,
): Promise<Reply> {
  const plan = planRequest(c, rules)
  const tried: Upstream[] = []
  group.budget.pay()
  let server = group.pick(c, tried)!
  for (let fresh = false; ;) {
    try {
      return await attempt(c, plan, rules, server, fresh)
    } catch (error) {
      if (!(error instanceof UpstreamError) || !maySendAgain(c, plan, error)) throw error
      if (error.stale && !fresh) {
        // No fault of the server: it ended a connection that nobody used, and the request crossed that on its way.
        fresh = true
        continue
      }
      fresh = false
      tried.push(server)
      const next = tried.length <= retries ? group.pick(c, tried) : undefined
      // A server that was not reached has not been given work twice.
      if (!next || !(error.kind === 'connect' || error.kind === 'connect-timeout' || group.budget.take())) throw error
      server = next
    }
  }
}

/** Nothing of the request was sent, or sending it twice is the same as once and all of it is still there. */
function maySendAgain(c: Context<any, any>, plan: RequestPlan, { kind }: UpstreamError): boolean {
  if (kind === 'connect' || kind === 'connect-timeout' || kind === 'busy') return true
  return kind === 'closed' && idempotent.has(c.method) && !plan.upgrade && !(plan.hasContent && c.body.used)
}

/** One exchange with one server. */
async function attempt(
  c: Context<any, any>,
  plan: RequestPlan,
  rules: HeadRules,
  server: Upstream,
  fresh: boolean,
): Promise<Reply> {
  const { health } = server
  const leave = plan.upgrade === '' ? undefined : server.reserveTunnel(clientOf(c).key)
  server.active++
  server.requests++
  health.begin()
  let open = false
  let joined = false
  try {
    const head = requestHead(c, plan, rules, server.address)
    const connection = await connect(c, server, fresh)
    const content = new ContentPump(c, connection, plan)
    const answering = connection.request(c.method, head, plan.hasContent, content)
    content.begin()
    const answer = await answering
    content.answered()
    health.succeeded()
    joined = answer.tunnel !== undefined
    open = answer.content instanceof ResponseBody || joined
    return joined ? upgraded(c, plan, answer, server, leave!) : reply(c, answer, server)
  } catch (error) {
    if (error instanceof UpstreamError && !error.stale && error.kind !== 'busy') {
      server.failures++
      health.failed(performance.now())
    } else health.unknown()
    throw error
  } finally {
    if (!open) server.active--
    if (!joined) leave?.()
  }
}

async function connect(c: Context<any, any>, server: Upstream, fresh: boolean): Promise<UpstreamConnection> {
  for (;;) {
    const acquired = server.acquire(c.peer, clientOf(c).key, fresh)
    const connection = acquired instanceof Promise ? await acquired : acquired
    if (connection.connecting) await connected(connection, c.signal)
    if (connection.usable) return connection
  }
}

async function connected(connection: UpstreamConnection, signal: AbortSignal): Promise<void> {
  const stop = (): void => connection.cancel(signal.reason as Error)
  const ready = connection.connected()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    await ready
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function reply(c: Context<any, any>, { status, fields, content, trailers }: Answer, server: Upstream): Reply {
  // The reply to HEAD says the length only if the server did; null would say 0.
  const lengthless = c.method === 'HEAD' && !fields.has('content-length')
  const result = new Reply(lengthless ? new ReadableStream() : content, status, fields)
  if (content instanceof ResponseBody) {
    result.trailers = () => content.trailers
    // Whatever becomes of the reply: middleware further out may replace it, and nobody would read it to its end.
    c.done(() => {
      server.active--
      content.destroy()
    })
  } else if (trailers) result.trailers = () => trailers
  return result
}

/** The server has changed to the protocol that the client asked for. @param done frees the tunnel's place. */
function upgraded(
  c: Context<any, any>,
  plan: RequestPlan,
  { fields, tunnel }: Answer,
  server: Upstream,
  done: () => void,
): Reply {
  const { socket, leftover } = tunnel!
  socket.on('close', () => {
    server.active--
    done()
  })
  const refuse = (what: string): never => {
    socket.destroy()
    throw new UpstreamError('invalid', server.url, what)
  }
  const offered = plan.upgrade.toLowerCase().split(', ')
  const chosen = fields.get('upgrade')!.toLowerCase()
  if (!offered.includes(chosen)) refuse(`101 to ${chosen}, which nobody asked for`)
  if (plan.key !== undefined) {
    if (fields.get('sec-websocket-accept') !== acceptOf(plan.key)) refuse('101 without the proof of having understood')
    // The client has sent no key that it could answer.
    fields.delete('sec-websocket-accept')
  }
  c.done(({ kind, status }) => {
    // Another reply was sent in its place, or none.
    if (kind === 'aborted' || status !== 101) socket.destroy()
  })
  return c.upgrade((transport, sent) => joinTunnel(transport, sent, socket, leftover), fields)
}
