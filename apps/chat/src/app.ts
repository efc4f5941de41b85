// The chat as a handler.
import { printError } from '@spillway/core'
import { type Middleware, defineMiddleware } from '@spillway/middleware'
import { client } from '@spillway/middleware/client'
import { compression } from '@spillway/middleware/compression'
import { csrf } from '@spillway/middleware/csrf'
import { health, readiness } from '@spillway/middleware/health'
import { ProblemError, problem, problems } from '@spillway/middleware/problem'
import { type RateLimitStore, rateLimit } from '@spillway/middleware/rate-limit'
import { type Router, router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'
import { sessions } from '@spillway/middleware/sessions'
import { sse } from '@spillway/middleware/sse'
import { staticFiles } from '@spillway/middleware/static'
import { type Bus, topics } from '@spillway/middleware/topics'
import { websocket } from '@spillway/middleware/websocket'
import { z } from 'zod'
import { Chat, tell } from './chat.ts'
import type { ChatEvent } from './events.ts'
import { longestText, messagesPerSecond, pageSize } from './limits.ts'
import { type Known, mayHave, signedIn } from './people.ts'
import type { Store } from './store/store.ts'

/** The parts of the application. */
export interface Settings {
  readonly store: Store
  /** Seals sessions: 32 characters or more, the same in all processes. */
  readonly secret: string
  /** The folder with the page. */
  readonly page: string
  /** Proxies in front, whose X-Forwarded fields tell who the client is, as those of the gateway do. Default: none. */
  readonly proxies?: readonly string[]
  /** For several processes. */
  readonly shared?: { readonly bus: Bus; readonly quotas: RateLimitStore }
  /** The server, once there is one. */
  readonly server: () => { readonly closing: boolean } | undefined
}

const RoomName = z
  .string()
  .regex(/^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'small letters, digits and hyphens')
  .max(32)
const Sign = z.object({
  name: z
    .string()
    .trim()
    .regex(/^[\p{L}\p{N}](?:[\p{L}\p{N} ._-]*[\p{L}\p{N}])?$/u, 'letters and digits')
    .max(24),
  password: z.string().min(8).max(200),
})
const Said = z.object({ key: z.string().min(8).max(64), text: z.string().trim().min(1).max(longestText) })
const PageSays = z.discriminatedUnion('do', [
  Said.extend({ do: z.literal('say') }),
  z.object({ do: z.literal('type') }),
])
const From = z.object({ after: z.coerce.number().int().min(0).default(0) })
const Before = z.object({ before: z.coerce.number().int().min(1).optional() })

const forwarded = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'] as const

/** What the page may load: its own files, and nothing by inline code. */
const policy = { 'script-src': "'self'", 'style-src': "'self'", 'connect-src': "'self'" }

/** The chat. @throws TypeError when the secret is too short, or a proxy is no address. */
export function chat({ store, secret, page, proxies = [], shared, server }: Settings): { app: Router; chat: Chat } {
  const rooms = new Chat(store, topics({ bus: shared?.bus }))
  const limited = (name: string, limit: number): Middleware =>
    shared ? rateLimit({ name, limit, store: shared.quotas, whenAway: 'open' }) : rateLimit({ name, limit })
  const inRoom = defineMiddleware(async (c, next) => {
    if (!(await store.hasRoom((c.params as { room: string }).room)))
      throw new ProblemError(404, 'NO_ROOM', { detail: 'There is no such room' })
    return next()
  })

  const api = router()
    .use(csrf(), sessions<Known>({ secrets: secret }))
    .post('/session', { layers: [limited('sign-in', 20)], body: Sign }, async (c) => {
      const { name, password } = c.state.valid.body
      if (!(await mayHave(store, name, password)))
        return problem(403, { code: 'NOT_YOURS', detail: 'Somebody else has that name, or the password is wrong' })
      c.state.session.regenerate()
      c.state.session.data.name = name
      return c.json({ name })
    })
    .get('/session', [signedIn], (c) => c.json({ name: c.state.name }))
    .delete('/session', (c) => {
      c.state.session.destroy()
      return c.empty()
    })
    .get('/rooms', [signedIn], async (c) => c.json(await store.rooms()))
    .post('/rooms', { layers: [signedIn, limited('rooms', 10)], body: z.object({ name: RoomName }) }, async (c) => {
      const { name } = c.state.valid.body
      return (await rooms.addRoom(name))
        ? c.json({ name }, 201)
        : problem(409, { detail: 'There are too many rooms already' })
    })
    .get('/rooms/:room/messages', { layers: [signedIn, inRoom], query: Before }, async (c) =>
      c.json(await store.latest(c.params.room, pageSize, c.state.valid.query.before)),
    )
    // For pages that receive server-sent events, because something on the way does not let WebSockets through.
    .post('/rooms/:room/messages', { layers: [signedIn, inRoom, limited('messages', 120)], body: Said }, async (c) =>
      c.json({ id: await rooms.say(c.params.room, c.state.name, c.state.valid.body) }, 201),
    )
    .post('/rooms/:room/typing', [signedIn, inRoom, limited('typing', 120)], (c) => {
      rooms.typing(c.params.room, c.state.name)
      return c.empty()
    })
    .get('/rooms/:room/events', { layers: [signedIn, inRoom], query: From }, (c) => {
      // Now: a router that is mounted knows its parameters until it has made its reply.
      const { room } = c.params
      return sse(c, async (stream) => {
        await rooms.enter(room, c.state.name, stream, c.state.valid.query.after)
        await stream.closed
      })
    })
    .get(
      '/rooms/:room/socket',
      { layers: [signedIn, inRoom], query: From },
      websocket(
        (c) => {
          const { room } = c.params
          const { name } = c.state
          return {
            open: (socket) => rooms.enter(room, name, socket, c.state.valid.query.after),
            async message(socket, said) {
              if (said.do === 'type') return rooms.typing(room, name)
              const { key } = said
              const answer = await rooms.say(room, name, said).then(
                (id): ChatEvent => ({ is: 'kept', key, id }),
                (error: unknown): ChatEvent => {
                  printError('chat', error)
                  return { is: 'refused', key, why: 'It could not be kept' }
                },
              )
              await tell(socket, answer)
            },
          }
        },
        { schema: PageSays, messagesPerSecond, messageBytes: 16_384, bufferedBytes: 256 * 1024 },
      ),
    )

  const app: Router = router()
    .use(...(proxies.length > 0 ? [client({ trusted: proxies, fields: forwarded })] : []))
    .use(problems(), secureHeaders({ csp: policy }), compression())
    .get('/live', health())
    .get('/ready', readiness({ server, checks: { store: () => store.check() } }))
    .mount('/api', api)
    .get('/:path*', staticFiles(page))
  return { app, chat: rooms }
}
