// A server as its owner sees it.
import type { Transport } from '../transport/transport.ts'
import type { OnError } from '../exchange/on-error.ts'
import type { ListenOptions, Listening } from './listen-options.ts'
import type { Limits, Timeouts } from './options.ts'

/** The options of a server; all of them have a default. */
export interface ServerOptions {
  readonly limits?: Partial<Limits>
  readonly timeouts?: Partial<Timeouts>
  /**
   * Turns an error of a handler into a reply. Returning nothing leaves it to the default: a short text with the error's
   * status (500 when it has none), and no details unless the error allows them. Context is null when the error does not concern a
   * request. Default: errors that are not meant as an answer are printed with `console.error`.
   */
  readonly onError?: OnError
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
  /** `active` connections are reading or answering a request, the rest of the `open` ones are idle. */
  readonly stats: { readonly open: number; readonly active: number }
  /** True from the call of `close` on: a readiness check should then report "not ready". */
  readonly closing: boolean
  /**
   * Opens a listening socket; may be called again for further ones.
   * @throws the system's error with its `code`, such as `EADDRINUSE`; TypeError when the options contradict each
   * other; Node's error when a certificate or key is not valid.
   */
  listen(at?: ListenOptions): Promise<Listening>
  /** Lets the process end although this server listens; open connections still keep it alive. Returns the server. */
  unref(): this
  /** Undoes {@link Server.unref}. Default: listening keeps the process alive. */
  ref(): this
  /**
   * Serves a connection that was accepted elsewhere, and from which nothing has been read: `new NodeTransport(socket)` for one that
   * another process has sent with `subprocess.send`. A connection that arrives while the server is closing is cut.
   */
  accept(transport: Transport): void
  /**
   * Shuts down: accepts no more, finishes what is active, closes what is idle, and cuts what is left at the deadline.
   * The last replies say `Connection: close`. Calling it again returns the same promise;
   * a deadline that comes sooner counts from then on. A handler that calls it is not waited for, so it may await this.
   * Whose work a call is shows by what awaits it, and by its context where `AsyncLocalStorage` is used or Node.js is 24 or later; where
   * it is in neither, in streamed content or the callback of a timer for example, and the handler waits for it, both wait for the deadline, and
   * `killed` counts that. There `c.done(() => server.close())` closes behind the reply. @throws RangeError for what is not a number from 0 on.
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
  /** From the end of the announcement until unfinished connections are cut; Infinity waits for all of them. Default: 30 000. */
  readonly deadline?: number
}
