import { type Context, HttpError, Reply } from '@spillway/core'
import { isHandshakeKey } from '@spillway/parser/websocket'
import { clientOf } from '../http/known-client.ts'
import { acceptOf } from '../http/websocket-accept.ts'
import { ContentPump } from './content-pump.ts'
import { UpstreamError } from './errors.ts'
import type { Answer, UpstreamExchange } from './exchange.ts'
import type { Upstreams } from './group.ts'
import { type HeadRules, type RequestPlan, headFor, planRequest } from './request-head.ts'
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
/** Connections that were tried and turned out to take no request: another protocol is spoken, or fewer streams are allowed. */
const mostTries = 10

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
function maySendAgain(c: Context<any, any>, plan: RequestPlan, { kind, untouched }: UpstreamError): boolean {
  if (kind === 'connect' || kind === 'connect-timeout' || kind === 'busy') return true
  const isHarmless = untouched || (idempotent.has(c.method) && !plan.upgrade)
  return kind === 'closed' && isHarmless && !(plan.hasContent && c.body.used)
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
    const head = headFor(c, plan, rules, server.address)
    const exchange = await connect(c, server, fresh, plan.upgrade)
    const content = new ContentPump(c, exchange, plan)
    const answering = exchange.request(head, content)
    content.begin()
    const answer = await answering
    content.answered()
    health.succeeded()
    joined = answer.tunnel !== undefined
    open = answer.content instanceof ResponseBody || joined
    return joined ? upgraded(c, plan, answer, server, leave ?? ignore) : reply(c, answer, server)
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

async function connect(
  c: Context<any, any>,
  server: Upstream,
  fresh: boolean,
  upgrade: string,
): Promise<UpstreamExchange> {
  for (let tries = 0; tries < mostTries; tries++) {
    const acquired = server.acquire(c.peer, clientOf(c).key, fresh, upgrade)
    const exchange = acquired instanceof Promise ? await acquired : acquired
    if (exchange.connecting) await connected(exchange, c.signal)
    if (exchange.usable) return exchange
    exchange.destroy()
  }
  throw new UpstreamError('busy', server.url, 'the server takes no requests')
}

async function connected(exchange: UpstreamExchange, signal: AbortSignal): Promise<void> {
  const stop = (): void => exchange.cancel(signal.reason as Error)
  const ready = exchange.connected()
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
function upgraded(c: Context<any, any>, plan: RequestPlan, answer: Answer, server: Upstream, done: () => void): Reply {
  const { transport: frames, leftover } = answer.tunnel!
  let isOpen = true
  const closed = (): void => {
    if (!isOpen) return
    isOpen = false
    server.active--
    done()
  }
  frames.pause()
  frames.attach({ onData: ignore, onDrain: ignore, onEnd: ignore, onClose: closed })
  try {
    checkSwitch(c, plan, answer, server)
  } catch (error) {
    frames.destroy()
    throw error
  }
  c.done(({ kind, status }) => {
    // Another reply was sent in its place, or none.
    if (kind === 'aborted' || status !== 101) frames.destroy()
  })
  return c.upgrade((client, sent) => {
    if (isOpen) joinTunnel(client, sent, frames, leftover, closed)
    else client.reset()
  }, answer.fields)
}

/** Checks that the server has changed to what was asked for, and makes the answer one that the client understands. */
function checkSwitch(
  c: Context<any, any>,
  { upgrade, key }: RequestPlan,
  { fields, tunnel }: Answer,
  { url }: Upstream,
): void {
  const chosen = fields.get('upgrade')!.toLowerCase()
  if (!upgrade.toLowerCase().split(', ').includes(chosen))
    throw new UpstreamError('invalid', url, `101 to ${chosen}, which nobody asked for`)
  if (key !== undefined) {
    // Over HTTP/2 neither side has a key or a proof (RFC 8441 §5.1): ours was for the server, if it needed one.
    if (!tunnel!.isStream && fields.get('sec-websocket-accept') !== acceptOf(key))
      throw new UpstreamError('invalid', url, '101 without the proof of having understood')
    fields.delete('sec-websocket-accept')
  } else if (tunnel!.isStream) {
    const asked = c.headers.get('sec-websocket-key') ?? ''
    if (!isHandshakeKey(asked)) throw new HttpError(400, 'Sec-WebSocket-Key is not valid')
    fields.set('Sec-WebSocket-Accept', acceptOf(asked))
  }
}

function ignore(): void {}
