// The beginning of streamed content. While nothing of a reply has been sent, a failing source is an error that a reply can
// report, and content that is already complete has a known length.
import type { RequestContext } from './request-context.ts'
import { hasNoContent } from './content.ts'
import { type BodySource, type Reply, isAnswer } from './reply.ts'
import { isOfResponse } from './response-like.ts'
import {
  Begun,
  type Piece,
  type Pulled,
  type Puller,
  type Source,
  checkedPiece,
  checkedPull,
  isSource,
  letGo,
  pullerOf,
  scopeOf,
} from './source.ts'

/** Is told what goes wrong after a reply has begun. */
export interface Reporter {
  report(error: unknown, context: RequestContext | undefined): void
}

// decision 048
/** Milliseconds that a head waits for the first piece of its content. */
const firstPieceTimeout = 50
/** Bytes after the first piece that are collected in case they are everything. */
const gatheredBytes = 64 * 1024

/**
 * The reply itself, if it may be sent at once; otherwise a promise of it, with its content in memory if all of that comes soon.
 * The promise is rejected when the source fails before there is anything to send.
 * @param reporter is told what the source fails with once its content is no longer wanted.
 */
export function begun(reply: Reply, context: RequestContext, reporter: Reporter): Reply | Promise<Reply> {
  const { body } = reply
  // Most content is text: this much is inlined into the answering of every request.
  return typeof body === 'string' ? reply : beginUnlessKnown(reply, body, context, reporter)
}

function beginUnlessKnown(
  reply: Reply,
  body: BodySource,
  context: RequestContext,
  reporter: Reporter,
): Reply | Promise<Reply> {
  if (!isSource(body) || body instanceof Begun) return reply
  if (reply.takeOver || hasNoContent(reply.status) || context.isOver) return reply
  // HEAD says what GET would, as far as that costs little (RFC 9110 §9.3.2).
  if (context.method === 'HEAD' && !isOfResponse(body)) return reply
  return begin(reply, body, context, reporter)
}

async function begin(reply: Reply, source: Source, context: RequestContext, reporter: Reporter): Promise<Reply> {
  const puller = pullerOf(source)
  try {
    const pending = puller.next()
    const first = await settled(pending, context.method === 'HEAD' ? thisTurn : soon(context))
    if (first?.done) reply.body = ''
    else if (first && isOfResponse(source)) reply.body = await gathered(source, puller, checkedPiece(first.value))
    else reply.body = new Begun(source, puller, first ? [checkedPiece(first.value)] : [], first ? undefined : pending)
    return reply
  } catch (error) {
    // Errors are reported in the async context in which they happened.
    context.scope = scopeOf(source) ?? context.scope
    letGo(source, puller, error, (second) => reporter.report(second, context))
    throw isAnswer(error)
      ? new TypeError('The source of the content threw a reply; only handlers and layers can answer by throwing one')
      : error
  }
}

/** All content, if it comes within this turn of the event loop. */
async function gathered(source: Source, puller: Puller, first: Piece): Promise<Piece | Begun> {
  const pieces = [first]
  let more = 0
  while (more < gatheredBytes) {
    const pending = puller.next()
    try {
      const pulled = await settled(pending, thisTurn)
      if (pulled?.done) return joined(pieces)
      if (!pulled) return new Begun(source, puller, pieces, pending)
      const piece = checkedPiece(pulled.value)
      pieces.push(piece)
      more += piece.length
    } catch {
      // What has come is sent, and after it the reply fails.
      return new Begun(source, puller, pieces, pending)
    }
  }
  return new Begun(source, puller, pieces, undefined)
}

/** Stands for what did not come in time. A source may give anything, `undefined` too. */
const late: unique symbol = Symbol('late')

/** Calls back when the wait is over; returns a function that stops it. */
type Wait = (over: () => void) => () => void

/** What a source gives, or undefined when it does not come in time. */
async function settled(pending: Promise<Pulled>, wait: Wait): Promise<Pulled | undefined> {
  let stop!: () => void
  const over = new Promise<typeof late>((resolve) => {
    stop = wait(() => resolve(late))
  })
  try {
    const pulled = await Promise.race([pending, over])
    return pulled === late ? undefined : checkedPull(pulled)
  } finally {
    stop()
  }
}

/** A head stops waiting when its exchange is over, and its source is released. */
function soon(context: RequestContext): Wait {
  return (over) => {
    const timer = setTimeout(over, firstPieceTimeout)
    context.whenOver(over)
    return () => {
      clearTimeout(timer)
      context.whenOver(undefined)
    }
  }
}

function thisTurn(over: () => void): () => void {
  const immediate = setImmediate(over)
  return () => clearImmediate(immediate)
}

function joined(pieces: readonly Piece[]): Piece {
  if (pieces.length === 1) return pieces[0]!
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)))
}
