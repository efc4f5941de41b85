// The lab as a handler.
import { readFileSync } from 'node:fs'
import { type Context, type Handler, type Reply, printError } from '@spillway/core'
import { type Middleware, defineMiddleware } from '@spillway/middleware'
import { compression } from '@spillway/middleware/compression'
import { logger } from '@spillway/middleware/logger'
import { type Router, router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'
import type { Tried } from '../model/tried.ts'
import type { Target } from './client.ts'
import { type Feed, type Recorder, isOwnRequest, policyOf } from '@spillway/inspect/parts'
import { type Programs, compare } from './many.ts'
import { sourcePages } from './sources.ts'
import { things, upload } from './things.ts'
import { runTry, tries } from './tries.ts'
import type { Bench } from './tries/try.ts'

/** Event streams at a time; each costs one message per batch of events. */
const mostViewers = 40
/** Tries at a time: enough for several people to watch, too few to be a load. */
const mostTries = 8

/** What the application is made of. */
export interface AppParts {
  readonly recorder: Recorder
  readonly feed: Feed
  /** The folder of the site. */
  readonly root: URL
  /** The folder of the project, whose source files the tour shows; without it, it shows none. */
  readonly sources: URL | undefined
  /** Whether the lab can be reached from this machine only. */
  readonly local: boolean
  /** Where the lab's own client connects to; undefined while nobody may control the lab. */
  readonly target: () => Target | undefined
  readonly restart: Bench['restart']
  /** Delays the end of the lab until this work is done. */
  readonly outlive: (work: Promise<unknown>) => void
  /** The programs of the server comparison; without them, the lab does not offer it. */
  readonly programs: Programs | undefined
  /** Whether requests are printed. */
  readonly log: boolean
}

/** The lab as a handler: a site from disk, the live feed, things to watch, and the lab's own client. */
export function wireLab(parts: AppParts): Handler {
  const { recorder, root, log, sources } = parts
  const files = staticFiles(root)
  const packed = compression()
  const missing = readFileSync(new URL('404.html', root), 'utf8')

  const app = router()
    .use(...(log ? [logger()] : []), guarded(policyOf(root)))
    .get('/events', (c) => watch(c, parts))
  for (const [name, thing] of Object.entries(things(recorder))) app.get(`/api/${name}`, thing)
  app.post('/api/upload', upload)
  if (sources) {
    const source = sourcePages(root, sources)
    app.get('/source/:path*', (c) => packed(c, () => source(c)))
  }
  control(app, parts)
  comparison(app, parts)
  return app.get('/:path*', (c) =>
    packed(c, async () => {
      const reply = await files(c)
      const wantsPage = c.headers.get('accept')?.includes('text/html') ?? false
      return reply.status === 404 && wantsPage ? c.html(missing, 404) : reply
    }),
  )
}

/** The live feed. */
function watch(c: Context, { recorder, feed, local }: AppParts): Reply {
  if (!isOwnRequest(c, local)) return c.text('Only the page of the lab itself may watch\n', 403)
  if (feed.size >= mostViewers) return c.text('Enough people are watching\n', 503)
  recorder.mark(c.peer, 'viewer')
  const viewer = feed.join(recorder.connectionOf(c.peer))
  const leave = (): void => viewer.end()
  c.onAbort(leave)
  c.done(leave)
  // An event stream has no end of its own. Its page reconnects by itself, to the next server; also when it came too late.
  c.onShutdown(leave)
  return c.stream(viewer, { headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' } })
}

/** Routes that make the lab do something or reveal what others sent: for its own page only, and only if control is allowed. */
function control(app: Router, parts: AppParts): void {
  const { recorder, target, restart } = parts
  let trying = 0
  /** The result of a try that replaces the server, for the page to fetch from the next server. */
  let drained: Promise<Tried> | undefined
  let result: Tried | undefined
  const attempt = async (c: Context<{ name: string }>): Promise<Reply> => {
    const refused = refusal(c, parts)
    if (refused) return refused
    const { name } = c.params
    if (!tries.has(name)) return c.text('There is no try of that name\n', 404)
    if (trying >= mostTries || (name === 'drain' && drained))
      return c.text('Enough is being tried at the moment\n', 429)
    trying++
    const running = runTry(name, target()!, recorder, restart)!.finally(() => trying--)
    if (name !== 'drain') return c.json(await running, fresh)
    result = undefined
    drained = running
    running.then(
      (tried) => {
        result = tried
        drained = undefined
      },
      (error: unknown) => {
        printError('drain', error)
        drained = undefined
      },
    )
    return c.json({ see: '/api/try/drain' }, { status: 202, ...fresh })
  }
  app
    .post('/api/try/:name', attempt)
    .get('/api/try/drain', (c) => {
      const refused = refusal(c, parts)
      if (refused) return refused
      if (result) return c.json(result, fresh)
      return drained ? c.json({}, { status: 202, ...fresh }) : c.text('Nothing was drained\n', 404)
    })
    .get('/api/wire/:connection', (c) => refusal(c, parts) ?? c.json(recorder.wire(Number(c.params.connection)), fresh))
}

/** Servers compared under the same load; one comparison at a time, as two would disturb each other. */
function comparison(app: Router, parts: AppParts): void {
  const { programs, outlive } = parts
  let running = false
  app.post('/api/many', (c) => {
    const refused = refusal(c, parts)
    if (refused) return refused
    if (!programs) return c.text('The programs for this are not there\n', 404)
    if (running) return c.text('One comparison is under way\n', 429)
    running = true
    const lines = compare(programs)
    const over = (): void => outlive(lines.return(undefined).finally(() => (running = false)))
    c.onShutdown(over)
    c.done(over)
    return c.stream(lines, { headers: { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' } })
  })
}

/** The response to a client that may neither control the lab nor see what others sent. */
function refusal(c: Context, { target, local }: AppParts): Reply | undefined {
  if (!target()) return c.text('This is off, as other machines can reach the lab\n', 403)
  return isOwnRequest(c, local) ? undefined : c.text('Only the page of the lab itself may ask for this\n', 403)
}

const fresh = { headers: { 'Cache-Control': 'no-store' } }

/** Sends pages with the site's content security policy, and forbids content sniffing. */
function guarded(policy: string): Middleware {
  const guard = (reply: Reply): Reply => {
    reply.headers.set('X-Content-Type-Options', 'nosniff')
    if (!reply.headers.get('content-type')?.startsWith('text/html')) return reply
    reply.headers.set('Content-Security-Policy', policy)
    reply.headers.set('Referrer-Policy', 'no-referrer')
    reply.headers.set('Cross-Origin-Opener-Policy', 'same-origin')
    return reply
  }
  return defineMiddleware((_, next) => {
    const reply = next()
    // Not `async`: a synchronous reply stays in this turn, so that pipelined responses leave together.
    return reply instanceof Promise ? reply.then(guard) : guard(reply)
  })
}
