// The request and response objects that connect middleware gets.
import { IncomingMessage, ServerResponse } from 'node:http'
import { type Context, ignore } from '@spillway/core'
import { ownerOf } from '../node/failures.ts'
import type { Incoming, Outgoing } from '../node/internals.ts'
import { RequestSide } from '../node/request.ts'
import { ResponseSide } from '../node/response.ts'
import { StandInSocket } from '../node/socket.ts'
import { normalizePath } from '../http/path.ts'

/** The request as connect middleware knows it: an instance of Node's class, with what Express and middleware add to it. */
export interface ConnectRequest extends IncomingMessage {
  /** Whatever middleware adds. */
  [added: string]: any
  method: string
  /** Path and query, without the prefix of a mount; the path has the normal form by which routes are matched. */
  url: string
  /** Path and query as received. */
  originalUrl: string
  /** The prefix of a mount. */
  baseUrl: string
}

/** The response as connect middleware knows it: an instance of Node's class, and whatever middleware adds. */
export interface ConnectResponse extends ServerResponse {
  /** Whatever middleware adds. */
  [added: string]: any
}

class Response extends ServerResponse {
  /** Redirects the client; the only method of Express's own that passport and others need. */
  redirect(to: string | number, url?: string): void {
    this.writeHead(typeof to === 'number' ? to : 302, { Location: url ?? String(to) })
    this.end()
  }
}

/** The request object of this exchange, created when it is first needed. */
export function requestOf(c: Context): ConnectRequest {
  const state = c.state as { req?: ConnectRequest }
  if (state.req) return state.req
  const socket = new StandInSocket(c, () => request.cut())
  const message = new IncomingMessage(socket as never) as Incoming
  const request = new RequestSide(c, message, urlOf(c))
  request.watch()
  return (state.req = Object.assign(message, { originalUrl: c.target, baseUrl: c.base }) as unknown as ConnectRequest)
}

/** A response object for it; each of our middleware that runs connect middleware has its own. */
export function responseTo(c: Context, req: ConnectRequest): ResponseSide {
  return new ResponseSide(c, new Response(req) as unknown as Outgoing, ownerOf<RequestSide>(req))
}

/**
 * Adapts the request's path to the mount it is now below.
 * @returns a function that restores the previous path.
 */
export function enter(c: Context, req: ConnectRequest): () => void {
  const { url, baseUrl } = req
  // If nothing was mounted in between, what middleware has written to the path stays.
  if (c.base === baseUrl) return ignore
  req.url = urlOf(c)
  req.baseUrl = c.base
  return () => {
    req.url = url
    req.baseUrl = baseUrl
  }
}

function urlOf(c: Context): string {
  return (normalizePath(c.path) ?? c.path) + c.search
}
