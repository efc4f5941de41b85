// Passes one request on, with retries.
import { type Context, HttpError, Reply, ignore } from '@spillway/core'
import { isHandshakeKey } from '@spillway/parser/websocket'
import { askedOf } from '../http/asked-servers.ts'
import { clientOf } from '../http/known-client.ts'
import { acceptOf } from '../http/websocket-accept.ts'
import type { Buffers } from './buffers.ts'
import { type Content, ContentPump } from './content-pump.ts'
import { UpstreamError } from './errors.ts'
import type { Answer, UpstreamExchange } from './exchange.ts'
import type { Upstreams } from './group.ts'
import { KeptContent } from './kept-content.ts'
import { ReadAhead } from './read-ahead.ts'
import { type HeadRules, type RequestPlan, checkLength, headFor, planRequest } from './request-head.ts'
import { ResponseBody } from './response-body.ts'
import { rewriteFields } from './rewrite.ts'
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
/** Connections that may turn out to be unable to take the request, because another protocol is spoken or fewer streams are allowed. */
const mostTries = 10

/** How requests are passed on, in addition to the rules for their heads. */
export interface SendRules extends HeadRules {
  /** How many servers may be tried after the first. */
  readonly retries: number
  /** Statuses for which another server is tried. */
  readonly retryStatuses: readonly number[]
  /** Whether fields that contain locations are rewritten for the client. */
  readonly rewrite: boolean
  readonly buffers: Buffers | undefined
}

/** A request on its way to one server after the other. */
interface Sending {
  readonly c: Context<any, any>
  readonly group: Upstreams
  readonly plan: RequestPlan
  readonly rules: SendRules
  readonly kept: KeptContent | undefined
  /** Another server, if the request may be sent again and a working one exists. */
  readonly another: () => Upstream | undefined
}

/** Passes a request on and returns the reply; tries again where that is safe. */
export function forward(c: Context<any, any>, group: Upstreams, rules: SendRules): Promise<Reply> {
  checkLength(c)
  const { buffers } = rules
  const isKept = buffers?.request === true && c.body.length !== 0 && c.protocol === ''
  return isKept ? keepAndSend(c, group, rules, buffers) : send(c, group, rules, undefined)
}

async function keepAndSend(c: Context<any, any>, group: Upstreams, rules: SendRules, buffers: Buffers): Promise<Reply> {
  const kept = await KeptContent.of(c.body, buffers)
  c.done(() => kept.release())
  return send(c, group, rules, kept)
}

async function send(
  c: Context<any, any>,
  group: Upstreams,
  rules: SendRules,
  kept: KeptContent | undefined,
): Promise<Reply> {
  const { retries } = rules
  const plan = planRequest(c, rules, kept ? kept.length : c.body.length, kept !== undefined)
  const tried: Upstream[] = []
  group.budget.pay()
  let server = group.pick(c, tried)!
  const another = (): Upstream | undefined => {
    if (!isRepeatable(c, plan) || !isAtHand(c, plan, kept) || tried.length + 1 > retries) return undefined
    const next = group.pick(c, [...tried, server])
    return next?.health.available(performance.now()) && group.budget.take() ? next : undefined
  }
  const sending: Sending = { c, group, plan, rules, kept, another }
  for (let fresh = false; ;) {
    try {
      const result = await attempt(sending, server, fresh)
      if (result instanceof Reply) return group.remembered(c, server, result)
      tried.push(server)
      server = result
    } catch (error) {
      if (!(error instanceof UpstreamError) || !maySendAgain(sending, error)) throw error
      if (error.stale && !fresh) {
        // Not the server's fault: it closed an unused connection while the request was on its way.
        fresh = true
        continue
      }
      fresh = false
      tried.push(server)
      const next = tried.length <= retries ? group.pick(c, tried) : undefined
      // A server that was not reached has not been given the work.
      if (!next || !(error.kind === 'connect' || error.kind === 'connect-timeout' || group.budget.take())) throw error
      server = next
    }
  }
}

/** Whether nothing of the request was sent, or sending it twice has the same effect as once and all of it can still be sent. */
function maySendAgain({ c, plan, kept }: Sending, { kind, untouched }: UpstreamError): boolean {
  if (kind === 'connect' || kind === 'connect-timeout' || kind === 'busy') return true
  return kind === 'closed' && (untouched || isRepeatable(c, plan)) && isAtHand(c, plan, kept)
}

/** Whether sending it twice has the same effect as once. */
function isRepeatable(c: Context<any, any>, { upgrade }: RequestPlan): boolean {
  return idempotent.has(c.method) && upgrade === ''
}

/** Whether all of the content can still be sent. */
function isAtHand(c: Context<any, any>, { hasContent }: RequestPlan, kept: KeptContent | undefined): boolean {
  return !hasContent || (kept ? kept.isWhole : !c.body.used)
}

/** One exchange with one server; returns another server if this one cannot be used and that one may be asked. */
async function attempt(sending: Sending, server: Upstream, fresh: boolean): Promise<Reply | Upstream> {
  const { c, group, plan, rules, kept, another } = sending
  const { health } = server
  const { key } = clientOf(c)
  const leave = plan.upgrade === '' ? undefined : server.reserveTunnel(key)
  server.active++
  server.requests++
  health.begin()
  const asked = askedOf(c)
  const began = asked ? performance.now() : 0
  let status: number | null = null
  let open = false
  let joined = false
  try {
    const head = headFor(c, plan, rules, server.address)
    // A connection that is kept has the request in this turn.
    const first = server.acquire(c.peer, key, fresh, plan.upgrade)
    const exchange = isReady(first) ? first : await connect(c, server, key, fresh, plan.upgrade, first)
    const isLost = (): boolean =>
      !health.checked && isRepeatable(c, plan) && isAtHand(c, plan, kept) && group.hasOther(server)
    const content = new ContentPump(c, contentOf(c, kept), exchange, plan, isLost)
    const answering = exchange.request(head, content)
    content.begin()
    const answer = await answering
    content.answered()
    status = answer.status
    if (health.isFailure(status)) server.failed()
    else if (answer.content instanceof ResponseBody) {
      health.unknown()
      answer.content.whenEnded((error) => {
        if (!error) health.succeeded()
        // What a client has cancelled says nothing.
        else if (error instanceof UpstreamError) server.failed()
      })
    } else health.succeeded()
    const next = rules.retryStatuses.includes(status) ? another() : undefined
    if (next) {
      if (answer.content instanceof ResponseBody) answer.content.destroy()
      return next
    }
    joined = answer.tunnel !== undefined
    open = answer.content instanceof ResponseBody || joined
    if (rules.rewrite) rewriteFields(c, answer.fields, server.address)
    return joined ? upgraded(c, plan, answer, server, leave ?? ignore) : reply(c, answer, server, rules.buffers)
  } catch (error) {
    if (error instanceof UpstreamError && !error.stale && error.kind !== 'busy') server.failed()
    else health.unknown()
    throw error
  } finally {
    asked?.push({ server: server.url, status, ms: performance.now() - began })
    if (!open) server.active--
    if (!joined) leave?.()
  }
}

function contentOf(c: Context<any, any>, kept: KeptContent | undefined): Content {
  return kept ?? c.body
}

function isReady(acquired: UpstreamExchange | Promise<UpstreamExchange>): acquired is UpstreamExchange {
  return !(acquired instanceof Promise) && acquired.usable
}

/** Waits until a request can be sent. @param first what the server has given first. */
async function connect(
  c: Context<any, any>,
  server: Upstream,
  key: string,
  fresh: boolean,
  upgrade: string,
  first: UpstreamExchange | Promise<UpstreamExchange>,
): Promise<UpstreamExchange> {
  let acquired = first
  for (let tries = 1; ; tries++) {
    const exchange = acquired instanceof Promise ? await acquired : acquired
    if (exchange.connecting) await connected(exchange, c.signal)
    if (exchange.usable) return exchange
    exchange.destroy()
    if (tries === mostTries) throw new UpstreamError('busy', server.url, 'the server takes no requests')
    acquired = server.acquire(c.peer, key, fresh, upgrade)
  }
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

function reply(
  c: Context<any, any>,
  { status, fields, content: received, trailers }: Answer,
  server: Upstream,
  buffers: Buffers | undefined,
): Reply {
  // The reply to HEAD has a length only if the server sent one; null content would set it to 0.
  const lengthless = c.method === 'HEAD' && !fields.has('content-length')
  const isAhead = received instanceof ResponseBody && buffers?.reply === true
  const content = isAhead ? new ReadAhead(received, buffers, () => server.active--) : received
  const result = new Reply(lengthless ? new ReadableStream() : content, status, fields)
  if (content instanceof ResponseBody || content instanceof ReadAhead) {
    result.trailers = () => content.trailers
    // Even when the reply is not sent: middleware further out may replace it, and then nobody would read it to its end.
    c.done(() => {
      if (!isAhead) server.active--
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
    // Another reply was sent instead, or none.
    if (kind === 'aborted' || status !== 101) frames.destroy()
  })
  return c.upgrade((client, sent) => {
    if (isOpen) joinTunnel(client, sent, frames, leftover, closed)
    else client.reset()
  }, answer.fields)
}

/** Checks that the server has changed to the requested protocol, and turns its answer into one that the client understands. */
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
    // Over HTTP/2 neither side has a key or a proof (RFC 8441 §5.1): our key was only for the server, if it needed one.
    if (!tunnel!.isStream && fields.get('sec-websocket-accept') !== acceptOf(key))
      throw new UpstreamError('invalid', url, '101 without the proof of having understood')
    fields.delete('sec-websocket-accept')
  } else if (tunnel!.isStream) {
    const asked = c.headers.get('sec-websocket-key') ?? ''
    if (!isHandshakeKey(asked)) throw new HttpError(400, 'Sec-WebSocket-Key is not valid')
    fields.set('Sec-WebSocket-Accept', acceptOf(asked))
  }
}
