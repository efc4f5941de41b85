// A running gateway.
import {
  type CloseOptions,
  type Listening,
  type Server,
  type ServerOptions,
  createServer,
  printError,
  serve,
} from '@spillway/core'
import { everyWorker } from '@spillway/core/cluster'
import { logFailures } from '@spillway/middleware/logger'
import { type Metrics, metrics } from '@spillway/middleware/metrics'
import { Acme } from './acme.ts'
import { AcmeStore } from './acme-store.ts'
import { adminHandler } from './admin.ts'
import { Certificates } from './certificates.ts'
import {
  type Config,
  ConfigError,
  type ListenConfig,
  type UpstreamConfig,
  logOf,
  pointing,
  readConfig,
} from './config.ts'
import { Demo } from './demo.ts'
import { given } from './given.ts'
import { Groups } from './groups.ts'
import { type Routes, buildRoutes } from './routes.ts'
import { Traffic } from './traffic.ts'
import { watchServers } from './watch-servers.ts'

/** What a gateway needs to start. */
export interface GatewayOptions {
  /** The configuration file. */
  readonly file: string
  /** The folder with the files of the dashboard. */
  readonly page: string
  /** The program of the demo's servers. */
  readonly program: string
}

/** A running gateway: its listeners, its routes, which a reload replaces, and its dashboard. */
export class Gateway {
  /** The counts for the dashboard; undefined without one. */
  readonly observed: { readonly traffic: Traffic; readonly metrics: Metrics } | undefined
  readonly demo: Demo | undefined
  readonly started: number = Date.now()
  /** How often the configuration was loaded, and when last. */
  loads: number = 1
  loadedAt: number = Date.now()
  readonly #file: string
  #config: Config
  #groups: Groups
  #routes: Routes
  #certificates: Certificates
  readonly #server: Server
  /** The listeners, in the order of the configuration. */
  readonly #listening: Listening[] = []
  /** The port of the first listener with TLS. */
  #httpsOwn = 0
  #admin: Server | undefined
  #unwatch: (() => void) | undefined
  readonly #unwatchServers: () => void
  /** The responses to ACME challenges. */
  readonly #proofs: AcmeStore | undefined
  #acme: Acme | undefined

  private constructor(file: string, config: Config, demo: Demo | undefined) {
    this.#file = file
    this.#config = config
    this.demo = demo
    this.#certificates = new Certificates(config)
    this.#proofs = config.acme && new AcmeStore(config.acme.folder)
    const shared = isOneOfMany(config) ? { everyWorker } : {}
    if (config.admin)
      this.observed = {
        traffic: new Traffic(),
        metrics: metrics({ server: () => this.#server, phases: false, ...shared }),
      }
    this.#groups = new Groups(this.#upstreams(config))
    this.#routes = this.#build(config, this.#groups, this.#certificates)
    const { connections, limits, timeouts = {} } = config
    const options: ServerOptions = {
      limits: given({ connections, ...limits }),
      timeouts: given(timeouts),
      onError: quietly,
    }
    this.#server = createServer((c) => this.#routes.handler(c), options)
    const { format } = logOf(config)
    if (format !== 'none') this.#unwatch = logFailures(this.#server, { format })
    this.#unwatchServers = watchServers(
      () => this.#groups,
      (line) => console.error('gateway: %s', line),
    )
  }

  /** Checks a configuration without starting anything. @throws ConfigError when it cannot be used. */
  static check(file: string): void {
    const config = readConfig(file)
    pointing(file, () => {
      const certificates = new Certificates(config)
      // The demo's servers do not exist unless it runs.
      const demo = { demo: { servers: ['http://127.0.0.1:1'] } }
      const groups = new Groups(config.demo ? { ...config.upstreams, ...demo } : config.upstreams)
      const nothing = { observers: [], before: undefined, proofs: undefined, httpsPort: () => 443 }
      try {
        buildRoutes({ config, groups, certificates, ...nothing })
      } finally {
        groups.close()
      }
    })
  }

  /** @throws ConfigError when the configuration cannot be used; the system's error when it cannot listen. */
  static async start({ file, page, program }: GatewayOptions): Promise<Gateway> {
    const config = readConfig(file)
    const demo = config.demo && (await Demo.start(program, config.demo.backends))
    let gateway
    try {
      gateway = pointing(file, () => new Gateway(file, config, demo))
      for (const [i, one] of config.listen.entries()) await gateway.#listen(one, i)
      if (config.admin)
        gateway.#admin = await serve(adminHandler(gateway, gateway.observed!, page), {
          port: config.admin.port,
          host: config.admin.host,
        })
      // With several processes, the primary one requests certificates.
      if (!isOneOfMany(config)) gateway.#acme = askForCertificates(config)
      if (config.demo) demo!.ask(`${gateway.url}/api/hello`, config.demo.requestsPerSecond)
      return gateway
    } catch (error) {
      demo?.stop()
      await gateway?.close({ deadline: 0 })
      throw error
    }
  }

  /** Host names that the dashboard accepts besides addresses and localhost. */
  get names(): readonly string[] {
    return this.#config.admin?.names ?? []
  }

  /** Whether this is one of several processes. */
  get isOneOfMany(): boolean {
    return isOneOfMany(this.#config)
  }

  /** URL of the first listener. */
  get url(): string {
    return this.#server.url
  }

  /** The URLs of all listeners. */
  get urls(): readonly string[] {
    return this.#listening.map(({ url }) => url)
  }

  get adminUrl(): string | undefined {
    return this.#admin?.url
  }

  get server(): Server {
    return this.#server
  }

  get groups(): Groups {
    return this.#groups
  }

  get certificates(): Certificates {
    return this.#certificates
  }

  /**
   * Loads the configuration again. Connections stay open, requests under way finish by the rules they began with, and unchanged groups of
   * servers keep their connections.
   * @throws ConfigError when it cannot be used; nothing changes then.
   */
  reload(): void {
    const config = readConfig(this.#file)
    pointing(this.#file, () => this.#use(config))
    this.loads++
    this.loadedAt = Date.now()
  }

  #use(config: Config): void {
    const changed = fixed.filter((part) => JSON.stringify(config[part]) !== JSON.stringify(this.#config[part]))
    if (changed.length > 0)
      throw ConfigError.of(changed.map((part) => ({ place: [part], what: ': a change here needs a restart' })))
    const certificates = new Certificates(config)
    const before = this.#groups
    const groups = new Groups(this.#upstreams(config), before)
    try {
      this.#routes = this.#build(config, groups, certificates)
    } catch (error) {
      groups.close(before)
      throw error
    }
    this.#groups = groups
    this.#config = config
    this.#certificates = certificates
    for (const [i, listening] of this.#listening.entries()) {
      const own = config.listen[i]!.tls ? certificates.ownOf(i) : undefined
      if (own) listening.reload(own)
    }
    this.#acme?.use(config)
    before.close(groups)
  }

  async close(options: CloseOptions): Promise<{ drained: number; killed: number }> {
    this.#acme?.close()
    this.#unwatch?.()
    this.#unwatchServers()
    const closed = await this.#server.close({ announce: this.#config.announce, ...options })
    await this.#admin?.close({ deadline: 0 })
    this.#groups.close()
    this.observed?.traffic.stop()
    this.observed?.metrics.stop()
    this.demo?.stop()
    return closed
  }

  /** The demo's servers are a group like those of the configuration. */
  #upstreams(config: Config): Record<string, UpstreamConfig> {
    if (!this.demo) return config.upstreams
    const servers = this.demo.backends.map(({ url }) => url)
    const check = { path: '/healthz', interval: 1000, healthy: 1, unhealthy: 2 }
    return { ...config.upstreams, demo: { servers, balance: 'least-connections', check } }
  }

  #build(config: Config, groups: Groups, certificates: Certificates): Routes {
    const { traffic, metrics: numbers } = this.observed ?? {}
    return buildRoutes({
      config,
      groups,
      certificates,
      observers: traffic && numbers ? [numbers.observe, traffic.observe] : [],
      before: this.#routes?.guards,
      proofs: this.#proofs,
      // Without a TLS listener of ours, a proxy in front terminates TLS.
      httpsPort: () => this.#httpsOwn || 443,
    })
  }

  async #listen({ tls, proxyProtocol, http2, ...place }: ListenConfig, i: number): Promise<void> {
    // Called for each connection, so that certificates are new after a reload.
    const secure = tls && {
      ...this.#certificates.ownOf(i),
      sni: (name: string) => this.#certificates.named(i, name),
      ...(this.#proofs && { acmeChallenge: (name: string) => this.#proofs!.proof(name) }),
    }
    const listening = await this.#server.listen({
      ...place,
      ...(secure && { tls: secure }),
      ...(http2 && { http2 }),
      ...(proxyProtocol && { proxyProtocol: { trusted: proxyProtocol } }),
    })
    this.#listening.push(listening)
    if (tls) this.#httpsOwn ||= listening.port
  }
}

/** Options that a reload cannot change. */
const fixed = [
  'listen',
  'admin',
  'workers',
  'acme',
  'demo',
  'connections',
  'limits',
  'timeouts',
  'announce',
  'deadline',
] as const

/** Starts to request certificates from an authority, if the configuration has one. */
export function askForCertificates(config: Config): Acme | undefined {
  if (!config.acme) return undefined
  const acme = new Acme(config.acme, { tell: (line) => console.error('gateway: %s', line) })
  acme.use(config)
  return acme
}

/** Whether other processes do the same. */
function isOneOfMany({ workers = 1 }: Config): boolean {
  return workers > 1
}

/** Prints one line for an error. The message of an upstream's failure has its details. */
function quietly(error: unknown): void {
  const { status, message } = error as { status?: number; message?: string }
  if (status === undefined || status === 500) printError('gateway', error)
  else if (status > 500) console.error('gateway: %s', message)
}
