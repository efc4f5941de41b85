import { longestTimer } from './clock.ts'
import type { Context, Handler, MaybePromise, Result } from './context.ts'
import { type Listener, listenNode } from './listen.ts'
import type { ListenOptions, Listening } from './listen-options.ts'
import type { Limits, Timeouts } from './options.ts'
import { ServerCore } from './server-core.ts'

/** What a server can be told; everything has a default. */
export interface ServerOptions {
  readonly limits?: Partial<Limits>
  readonly timeouts?: Partial<Timeouts>
  /**
   * Turns an error of a handler into a reply; returning nothing leaves it to the default, a short text with the error's
   * status (500 when it has none) and no details unless the error says so. Context is null when no request is
   * concerned. Default: errors that are not an answer are printed with `console.error`.
   */
  readonly onError?: (error: unknown, context: Context | null) => MaybePromise<Result | void>
}

/** How a shutdown ended. */
export interface Closed {
  /** Connections that ended by themselves or after their last reply. */
  readonly drained: number
  /** Connections that were cut at the deadline. */
  readonly killed: number
}

/** A web server: any number of listeners, one handler. */
export interface Server extends AsyncDisposable {
  /** URL of the first listener. Empty before `listen`. */
  readonly url: string
  /** Port of the first listener, 0 before `listen` and for unix sockets. */
  readonly port: number
  /** `active` connections are reading or answering a request, the other `open` ones are idle. */
  readonly stats: { readonly open: number; readonly active: number }
  /** True from the call of `close` on: what a readiness check should report as not ready. */
  readonly closing: boolean
  /**
   * Opens a listening socket; may be called again for another one.
   * @throws the system's error with its `code`, `EADDRINUSE` for example; TypeError when the options contradict each
   * other; Node's error when a certificate or key is not valid.
   */
  listen(at?: ListenOptions): Promise<Listening>
  /**
   * Shuts down: accepts no more, finishes what is active, closes what is idle, and cuts what is left at the deadline.
   * The last replies say `Connection: close`. Calling it again returns the same promise.
   */
  close(options?: CloseOptions): Promise<Closed>
}

/** How to shut down. Milliseconds. */
export interface CloseOptions {
  /**
   * How long to go on accepting while `closing` is already true, so that a load balancer's readiness check notices
   * before connections are refused. Default: 0.
   */
  readonly announce?: number
  /** From the end of the announcement until connections that are not done are cut; Infinity waits for them all. Default: 30 000. */
  readonly deadline?: number
}

/**
 * Makes a server that is not listening yet.
 * @throws RangeError for a limit or timeout that is not a number from 0 on; TypeError when the handler is no function.
 */
export function createServer(handler: Handler, options: ServerOptions = {}): Server {
  return new NodeServer(handler, options)
}

/** Makes a server and listens. Default: port 3000 on 127.0.0.1. @throws as {@link createServer} and {@link Server.listen}. */
export async function serve(handler: Handler, options: ServerOptions & ListenOptions = {}): Promise<Server> {
  const server = createServer(handler, options)
  await server.listen(options)
  return server
}

class NodeServer implements Server {
  readonly #core: ServerCore
  readonly #listeners: Listener[] = []
  #closing: Promise<Closed> | undefined

  constructor(handler: Handler, options: ServerOptions) {
    this.#core = new ServerCore(this, handler, options)
  }

  get url(): string {
    return this.#listeners[0]?.at.url ?? ''
  }

  get port(): number {
    return this.#listeners[0]?.at.port ?? 0
  }

  get stats(): { readonly open: number; readonly active: number } {
    return this.#core.stats
  }

  get closing(): boolean {
    return this.#closing !== undefined
  }

  async listen(at: ListenOptions = {}): Promise<Listening> {
    if (this.#closing) throw new Error('The server is closed')
    const listener = await listenNode(at, this.#core)
    this.#listeners.push(listener)
    if (this.#closing) {
      listener.close()
      throw new Error('The server was closed meanwhile')
    }
    this.#core.clock.start()
    return listener.at
  }

  close(options: CloseOptions = {}): Promise<Closed> {
    return (this.#closing ??= this.#close(options))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(() => {})
  }

  async #close({ announce = 0, deadline = 30_000 }: CloseOptions): Promise<Closed> {
    if (announce > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(announce, longestTimer)))
    await this.#core.acceptedAll()
    for (const listener of this.#listeners) listener.close()
    return shutdown(this.#core, deadline)
  }
}

/** @internal Ends every connection of a server that accepts no more. */
export async function shutdown(core: ServerCore, deadline: number): Promise<Closed> {
  const open = core.open.size
  let killed = 0
  for (const connection of core.open) connection.shutdown()
  const cut = (): void => {
    killed = core.open.size
    for (const connection of core.open) connection.kill()
  }
  const timer = setTimeout(cut, Math.min(deadline, longestTimer))
  await core.empty()
  clearTimeout(timer)
  core.clock.stop()
  return { drained: open - killed, killed }
}
