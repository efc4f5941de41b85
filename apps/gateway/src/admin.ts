import { setTimeout as sleep } from 'node:timers/promises'
import { type Handler, HttpError, type Reply } from '@spillway/core'
import { everyWorker } from '@spillway/core/cluster'
import { type Middleware, wrap } from '@spillway/middleware'
import { csrf } from '@spillway/middleware/csrf'
import { health, readiness } from '@spillway/middleware/health'
import { router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'
import { sse } from '@spillway/middleware/sse'
import { staticFiles } from '@spillway/middleware/static'
import { ConfigError } from './config.ts'
import type { Gateway } from './gateway.ts'
import { snapshot } from './snapshot.ts'
import { certificateMetrics, serverNumbers, upstreamMetrics } from './upstream-metrics.ts'

type Observed = NonNullable<Gateway['observed']>

/** The dashboard with its events and buttons, and the health and readiness checks. @param page the folder with the dashboard's files. */
export function adminHandler(gateway: Gateway, { traffic, metrics }: Observed, page: string): Handler {
  const serversOfAll = everyWorker('gateway.servers', () => serverNumbers(gateway.groups))
  const app = router()
    .get('/events', (c) =>
      sse(c, async (stream) => {
        while (!stream.signal.aborted) {
          await stream.send({ data: snapshot(gateway, traffic) })
          await sleep(1000, undefined, { signal: stream.signal }).catch(() => {})
        }
      }),
    )
    .get('/status', (c) => c.json(snapshot(gateway, traffic)))
    .get('/metrics', async (c) => {
      const reply = (await metrics.expose(c)) as Reply
      const own = upstreamMetrics(await serversOfAll()) + certificateMetrics(gateway.certificates)
      reply.body = own + (reply.body as string)
      return reply
    })
    .get('/healthz', health())
    .get('/readyz', readiness({ server: () => gateway.server }))
    .post('/reload', (c) => {
      try {
        // The primary process replaces the workers, one by one.
        if (gateway.isOneOfMany) return process.kill(process.ppid, 'SIGHUP') && c.json({ loads: gateway.loads })
        gateway.reload()
        return c.json({ loads: gateway.loads })
      } catch (error) {
        if (error instanceof ConfigError) return c.json({ error: error.message }, 422)
        throw error
      }
    })
    .post('/demo/:name/kill', (c) => (demoOf(gateway).kill(c.params.name) ? c.empty() : missing()))
    .post('/demo/:name/start', async (c) => ((await demoOf(gateway).revive(c.params.name)) ? c.empty() : missing()))
    .get('/:path*', staticFiles(page))
  const policy = { 'script-src': "'self'", 'style-src': "'self'", 'connect-src': "'self'" }
  return wrap([ownName(gateway.names), secureHeaders({ csp: policy }), csrf()], app)
}

/**
 * Against DNS rebinding: when another site's name resolves to this address, the browser takes both for one origin, and only the name in
 * Host tells them apart.
 */
function ownName(names: readonly string[]): Middleware {
  const known = new Set(['localhost', ...names.map((name) => name.toLowerCase())])
  return (c, next) => {
    const host = (c.headers.get('host') ?? '').replace(/:\d+$/, '').toLowerCase()
    if (known.has(host) || /^[\d.]+$|^\[[\da-f:.]+\]$/.test(host)) return next()
    const how = 'by an address, as localhost, or by a name in "admin": { "names": […] }'
    throw new HttpError(403, `The dashboard is reached ${how}`, { code: 'HOST_REFUSED' })
  }
}

function demoOf({ demo }: Gateway): NonNullable<Gateway['demo']> {
  return demo ?? missing()
}

function missing(): never {
  throw new HttpError(404, 'There is no such server to kill or start')
}
