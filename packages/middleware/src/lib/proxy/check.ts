// Active health checks of servers.
import { ignore } from '@spillway/core'
import type { Requester, UpstreamExchange } from './exchange.ts'
import type { CheckSettings } from './rules.ts'
import type { Upstream } from './upstream.ts'

/** Options of active health checks. */
export interface CheckOptions {
  /** The path of the GET request; any status from 200 to 399 means that the server works. */
  readonly path: string
  /** Value of Host. Default: the server's own name. */
  readonly host?: string
  /** Milliseconds between two checks of a server, ± 10 % so that checks of several servers do not coincide. Default: 5000. */
  readonly interval?: number
  /** Milliseconds that an answer may take. Default: 2000. */
  readonly timeout?: number
  /** Good answers in a row after which a server that was down is used again. Default: 2. */
  readonly healthy?: number
  /** Bad or missing answers in a row after which a server is no longer used. Default: 3; if the very first check fails, one is enough. */
  readonly unhealthy?: number
}

const quiet: Requester = { onContinue: ignore, onInterim: ignore, onWait: ignore, onOver: ignore }

/** Checks one server again and again, each time over a new connection, like a new client. */
export class HealthCheck {
  readonly #server: Upstream
  readonly #options: Required<CheckSettings>
  #timer: NodeJS.Timeout | undefined
  #exchange: UpstreamExchange | undefined
  #stopped = false
  #first = true
  /** Results in a row that contradict the current state. */
  #against = 0

  constructor(server: Upstream, options: CheckSettings) {
    this.#server = server
    this.#options = { host: server.address.authority, ...options }
    void this.#run()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#exchange?.cancel(new Error('The checks end'))
  }

  async #run(): Promise<void> {
    const works = await this.#ask()
    if (this.#stopped) return
    this.#learn(works)
    const { interval } = this.#options
    this.#timer = setTimeout(() => void this.#run(), interval * (0.9 + Math.random() * 0.2)).unref()
  }

  async #ask(): Promise<boolean> {
    const { path, host, timeout } = this.#options
    let exchange: UpstreamExchange | undefined
    let timer: NodeJS.Timeout | undefined
    try {
      timer = setTimeout(() => this.#exchange?.cancel(new Error('The check took too long')), timeout).unref()
      do {
        exchange = this.#exchange = this.#server.dial()
        await exchange.connected()
        // The connection may have turned out to use another protocol.
      } while (!exchange.usable)
      const fields = 'user-agent: spillway-check\r\nconnection: close\r\n'
      const plan = { hasContent: false, isChunked: false, upgrade: '', fields }
      const target = this.#server.address.basePath + path
      const { status } = await exchange.request({ method: 'GET', path: target, host, plan }, quiet)
      return status < 400
    } catch {
      return false
    } finally {
      clearTimeout(timer)
      exchange?.destroy()
    }
  }

  #learn(works: boolean): void {
    const { health } = this.#server
    const needed = this.#first ? 1 : works ? this.#options.healthy : this.#options.unhealthy
    this.#first = false
    if (works === health.checked) {
      this.#against = 0
      return
    }
    if (++this.#against < needed) return
    this.#against = 0
    health.checked = works
    if (works) health.succeeded()
  }
}
