// Servers for Node.js: where most programs start.
import type { Handler } from '../exchange/context.ts'
import { longestTimer } from '../server/clock.ts'
import { channels } from '../server/events.ts'
import type { ListenOptions, Listening } from '../server/listen-options.ts'
import { memberOfNow } from '../server/own-member.ts'
import { type Member, ServerCore } from '../server/server-core.ts'
import type { CloseOptions, Closed, Server, ServerOptions } from '../server/server.ts'
import { readOptions } from '../exchange/read-options.ts'
import {
  type CloseSettings,
  type ListenSettings,
  closeRules,
  listenRules,
  ofRules,
  serverRules,
} from '../server/rules.ts'
import { shutdown } from '../server/shutdown.ts'
import { type Listener, acceptHere, listenNode } from '../sockets/listen.ts'

/**
 * Creates a server that is not listening yet.
 * @throws RangeError for a limit or timeout that is not a number from 0 up; TypeError for another kind of value, for an unknown
 * option, and when the handler is not a function.
 */
export function createServer(handler: Handler, options: ServerOptions = {}): Server {
  checkOrder(options)
  return new NodeServer(handler, options)
}

/** Creates a server and listens. Default: port 3000 on 127.0.0.1. @throws as {@link createServer} and {@link Server.listen}. */
export async function serve(handler: Handler, options: ServerOptions & ListenOptions = {}): Promise<Server> {
  checkSpelled(options)
  checkOrder(options)
  const read = readOptions({ ...serverRules, ...listenRules }, options)
  const server = new NodeServer(handler, ofRules(serverRules, read))
  await server.open(ofRules(listenRules, read))
  return server
}

/** Other servers' `serve` functions take only a port. */
function checkSpelled(options: unknown): void {
  if (typeof options === 'number') throw new TypeError(`Options are an object: { port: ${options} }`)
}

/** Node's `createServer` takes the options first. */
function checkOrder(options: unknown): void {
  if (typeof options === 'function')
    throw new TypeError('The handler comes first, and then the options: (handler, { … })')
}

class NodeServer implements Server {
  readonly #core: ServerCore
  readonly #listeners: Listener[] = []
  #closing: Promise<Closed> | undefined
  /** Resolves when nothing more will be accepted. */
  #accepted: Promise<void> | undefined
  /** Whether listening keeps the process alive. */
  #held = true
  /** A deadline that was requested while the end was only announced. */
  #sooner = Infinity
  #hurry: (deadline: number) => void = (deadline) => {
    this.#sooner = Math.min(this.#sooner, deadline)
  }

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
    checkSpelled(at)
    return this.open(readOptions(listenRules, at))
  }

  async open(at: ListenSettings): Promise<Listening> {
    if (this.#closing) throw new Error('The server is closed')
    const listener = await listenNode(at, this.#core)
    this.#listeners.push(listener)
    listener.ref(this.#held)
    if (this.#closing) {
      listener.close()
      throw new Error('The server was closed meanwhile')
    }
    this.#core.clock.start()
    const { url } = listener.at
    if (channels.listening.hasSubscribers) channels.listening.publish({ server: this, url })
    return listener.at
  }

  accept(transport: Parameters<Server['accept']>[0]): void {
    if (this.#closing) return transport.destroy()
    this.#core.clock.start()
    acceptHere(transport, this.#core)
  }

  ref(): this {
    return this.#hold(true)
  }

  unref(): this {
    return this.#hold(false)
  }

  #hold(held: boolean): this {
    this.#held = held
    for (const listener of this.#listeners) listener.ref(held)
    return this
  }

  close(options: CloseOptions = {}): Promise<Closed> {
    try {
      const how = readOptions(closeRules, options)
      if (!this.#closing) this.#closing = this.#close(how)
      // Only if it was given explicitly: the default is no reason to hurry.
      else if (options.deadline !== undefined) this.#hurry(how.deadline)
      const { answering, open } = this.#core
      const own = answering ?? memberOfNow(open)
      return own ? Promise.race([this.#closing, this.#closedBut(own)]) : this.#closing
    } catch (error) {
      return Promise.reject(error)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(() => {})
  }

  /** The end of all other connections: a handler that waited for its own would wait for itself. */
  async #closedBut(own: Member): Promise<Closed> {
    await this.#accepted
    const others = this.#core.open.size - 1
    await this.#core.empty(own)
    const killed = this.#core.killed.filter((one) => one !== own).length
    return { drained: others - killed, killed }
  }

  async #close({ announce, deadline }: CloseSettings): Promise<Closed> {
    await (this.#accepted = this.#acceptLast(announce))
    return shutdown(this.#core, Math.min(deadline, this.#sooner), (hurry) => (this.#hurry = hurry))
  }

  async #acceptLast(announce: number): Promise<void> {
    if (announce > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(announce, longestTimer)))
    await this.#core.acceptedAll()
    for (const listener of this.#listeners) listener.close()
  }
}
