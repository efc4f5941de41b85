import { type Server, createServer, defaultTimeouts } from '@spillway/core'
import { type Rules, flag, readOptions, text, whole } from '@spillway/core/options'
import type { Middleware } from '@spillway/middleware'
import manifest from '../package.json' with { type: 'json' }
import { isLoopback } from './site/guard.ts'
import { Inspection, type Parts } from './site/inspection.ts'

/** Options of {@link inspector}. */
export interface InspectorOptions {
  /** Where the page is. Default: `/__spillway`. */
  readonly path?: string
  /**
   * Whether everything is recorded from the start on: what has happened is there when the page is opened. It costs a third of
   * a small request. Default: only while a page is open, and for a minute after.
   */
  readonly always?: boolean
  /** Whether it works where `NODE_ENV` is `production`. Default: there it does nothing, and requests pass by. */
  readonly inProduction?: boolean
  /** Whether other machines may open the page, too; they need the link. Default: this one only. */
  readonly remote?: boolean
  /** Takes the line with the link. Default: writes it to the error output. */
  readonly print?: (line: string) => void
}

/** Options of {@link inspect}. */
export interface InspectOptions {
  /** Of the inspector's own server. Default: any free one. */
  readonly port?: number
  /** Default: `127.0.0.1`, this machine only. */
  readonly host?: string
  /** As for {@link inspector}. Default: true, as what is inspected knows nothing of it. */
  readonly always?: boolean
  readonly inProduction?: boolean
}

/** An inspector on a port of its own. */
export interface Inspector {
  /** The link that opens the page. */
  readonly url: string
  close(): Promise<void>
}

const rules: Rules<Required<Omit<InspectorOptions, 'print'>>> = {
  path: text('/__spillway', /^(?:\/[\w.~-]+)+$/),
  always: flag(),
  inProduction: flag(),
  remote: flag(),
}

const ownRules: Rules<Required<InspectOptions>> = {
  port: whole(0, { to: 65_535 }),
  host: text('127.0.0.1'),
  always: flag(true),
  inProduction: flag(),
}

/**
 * Shows what the servers of this process do, in a page below `/__spillway`: connections, requests, bytes, and why each
 * connection ended. Whoever has the printed link may look, from this machine; it does nothing in production. Put it in
 * front of everything else: `app.use(inspector())`.
 * @throws TypeError for a path that is none, and for options that there are not.
 */
export function inspector(options: InspectorOptions = {}): Middleware {
  const { print = (line: string) => void process.stderr.write(line), ...given } = options
  const { path, always, inProduction, remote } = readOptions(rules, given)
  if (isProduction() && !inProduction) return (_, next) => next()
  const inspection = new Inspection({ ...common, base: `${path}/`, remote, always, isOwn: () => false })
  print(`Inspector: ${inspection.link('http://<this server>')}\n`)
  return (c, next) => {
    if (!c.path.startsWith(path)) return next()
    if (c.path === path) return c.redirect(`${path}/`)
    return c.path[path.length] === '/' ? inspection.handle(c, c.path.slice(path.length + 1)) : next()
  }
}

/**
 * Shows what the servers of this process do, in a page on a port of its own. It does not hold the process: that ends when it
 * would end without it, at most two seconds later when a page is open.
 * @param server the one to show. Default: all of the process.
 * @throws Error in production, unless that is asked for; the system's error when it cannot listen.
 */
export async function inspect(server?: Server, options: InspectOptions = {}): Promise<Inspector> {
  const { port, host, always, inProduction } = readOptions(ownRules, options)
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
  // Who looks on does not hold the process that is looked at.
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
