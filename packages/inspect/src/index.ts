// The inspector: shows what the servers of this process do.
import { type Server, type ServerEvents, channels, createServer, defaultTimeouts } from '@spillway/core'
import { readOptions } from '@spillway/core/options'
import type { Middleware } from '@spillway/middleware'
import manifest from '../package.json' with { type: 'json' }
import { type InspectOptions, type InspectorOptions, inspectRules, inspectorRules } from './options.ts'
import { isLoopback } from './site/guard.ts'
import { Inspection, type Parts } from './site/inspection.ts'

export type { InspectOptions, InspectorOptions } from './options.ts'
export { type AnySpan, type SpanProcessor, inspectedSpans } from './record/spans.ts'

/** An inspector on a port of its own. */
export interface Inspector {
  /** The link that opens the page. */
  readonly url: string
  close(): Promise<void>
}

function toStandardError(line: string): void {
  process.stderr.write(line)
}

/**
 * Shows what the servers of this process do, on a page below `/__spillway`: connections, requests, bytes, and why each
 * connection ended. When the next server of this process listens, the link is printed: anyone on this machine who has it may look; in production it does nothing. Put it in
 * front of all other middleware: `app.use(inspector())`.
 * @throws TypeError for an invalid path, and for unknown options.
 */
export function inspector(options: InspectorOptions = {}): Middleware {
  const { print = toStandardError, path, always, inProduction, remote } = readOptions(inspectorRules, options)
  if (isProduction() && !inProduction) return (_, next) => next()
  const inspection = new Inspection({ ...common, base: `${path}/`, remote, always, isOwn: () => false })
  let isPrinted = false
  const tell = (origin: string): void => {
    isPrinted = true
    channels.listening.unsubscribe(onListening)
    print(`Inspector: ${inspection.link(origin)}\n`)
  }
  const onListening = ({ url }: ServerEvents['listening']): void => {
    if (url.startsWith('http')) tell(url)
  }
  channels.listening.subscribe(onListening)
  const layer: Middleware = (c, next) => {
    if (!c.path.startsWith(path)) return next()
    if (c.path === path) return c.redirect(`${path}/`)
    if (c.path[path.length] !== '/') return next()
    // Another runtime's server, or one that has listened all along. Its name in the request may be anybody's.
    if (!isPrinted) tell('http://<this server>')
    return inspection.handle(c, c.path.slice(path.length + 1))
  }
  // What it is called where it shows how long each layer took.
  return Object.defineProperty(layer, 'name', { value: 'inspector' })
}

/**
 * Shows what the servers of this process do, on a page with a port of its own. It does not keep the process alive: that ends when it
 * would end without the inspector, or at most two seconds later while a page is open.
 * @param server the one to show. Default: all servers of the process.
 * @throws Error in production, unless `inProduction` is set; the system's error when it cannot listen.
 */
export async function inspect(server?: Server, options: InspectOptions = {}): Promise<Inspector> {
  const { port, host, always, inProduction } = readOptions(inspectRules, options)
  if (isProduction() && !inProduction)
    throw new Error('There is no inspector in production, unless `inProduction` is set')
  const inspection = new Inspection({
    ...common,
    base: '/',
    remote: !isLoopback(host),
    always,
    isOwn: (one) => one === own || (server !== undefined && one !== server),
  })
  const own: Server = createServer((c) => inspection.handle(c, c.path.slice(1)), { timeouts: { keepAlive: 1000 } })
  await own.listen({ port, host })
  // An observer must not keep the observed process alive.
  own.unref()
  const look = setInterval(() => inspection.letGo(), 500).unref()
  return {
    url: inspection.link(own.url),
    close: async () => {
      clearInterval(look)
      inspection.close()
      await own.close({ deadline: 500 })
    },
  }
}

const common: Pick<Parts, 'keepAliveMs' | 'headMs' | 'version' | 'root'> = {
  keepAliveMs: defaultTimeouts.keepAlive,
  headMs: defaultTimeouts.head,
  version: manifest.version,
  root: new URL('public/', import.meta.url),
}

function isProduction(): boolean {
  return process.env['NODE_ENV'] === 'production'
}
