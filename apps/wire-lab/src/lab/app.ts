import { readFileSync } from 'node:fs'
import { type Context, type Handler, type Reply } from '@spillway/core'
import { type Middleware, defineMiddleware } from '@spillway/middleware'
import { logger } from '@spillway/middleware/logger'
import { router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'
import type { Feed } from './feed.ts'
import { isOwnRequest } from './guard.ts'
import type { Recorder } from './recorder.ts'
import { type Target, runTry } from './tries.ts'

/** Streams at a time; each costs a message per batch of events. */
const mostViewers = 40
/** Tries at a time: more than one person can watch, fewer than would be a load. */
const mostTries = 8

/** What the application is made of. */
export interface AppParts {
  readonly recorder: Recorder
  readonly feed: Feed
  /** The folder of the site. */
  readonly root: URL
  /** Where the lab's own client connects to; undefined while it must not be used. */
  readonly target: () => Target | undefined
  /** Whether requests are printed. */
  readonly log: boolean
}

/** The lab as a handler: a site from disk, a clock, the live feed and the lab's own client. */
export function wireLab({ recorder, feed, root, target, log }: AppParts): Handler {
  const files = staticFiles(root)
  const missing = readFileSync(new URL('404.html', root), 'utf8')
  let trying = 0

  const time = (c: Context) => {
    const connection = recorder.connectionOf(c.peer)
    return c.json({ time: new Date().toISOString(), connection }, { headers: { 'Cache-Control': 'no-store' } })
  }

  const events = (c: Context) => {
    if (feed.size >= mostViewers) return c.text('Enough people are watching\n', 503)
    recorder.mark(c.peer, 'viewer')
    const viewer = feed.join(recorder.connectionOf(c.peer))
    c.signal.addEventListener('abort', () => viewer.end())
    c.done(() => viewer.end())
    return c.stream(viewer, { headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' } })
  }

  const attempt = async (c: Context<{ name: string }>) => {
    const at = target()
    if (!at) return c.text('The client of the lab is off, as other machines can reach the lab\n', 403)
    if (!isOwnRequest(c)) return c.text('Only the page of the lab itself may ask for this\n', 403)
    if (trying >= mostTries) return c.text('Enough is being tried at the moment\n', 429)
    trying++
    try {
      const result = await runTry(c.params.name, at, recorder)
      if (!result) return c.text('There is no try of that name\n', 404)
      return c.json(result, { headers: { 'Cache-Control': 'no-store' } })
    } finally {
      trying--
    }
  }

  return router()
    .use(...(log ? [logger()] : []), guarded)
    .get('/api/time', time)
    .get('/events', events)
    .post('/api/try/:name', attempt)
    .get('/:path*', async (c) => {
      const reply = await files(c)
      const wantsPage = c.headers.get('accept')?.includes('text/html') ?? false
      return reply.status === 404 && wantsPage ? c.html(missing, 404) : reply
    })
}

/** Scripts and styles from here and nowhere else, in nobody's frame. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const guarded: Middleware = defineMiddleware((_, next) => {
  const reply = next()
  // Not `async`: what can be answered in this turn is answered in this turn, and pipelined replies leave together.
  return reply instanceof Promise ? reply.then(guard) : guard(reply)
})

function guard(reply: Reply): Reply {
  reply.headers.set('X-Content-Type-Options', 'nosniff')
  if (!reply.headers.get('content-type')?.startsWith('text/html')) return reply
  reply.headers.set('Content-Security-Policy', policy)
  reply.headers.set('Referrer-Policy', 'no-referrer')
  reply.headers.set('Cross-Origin-Opener-Policy', 'same-origin')
  return reply
}
