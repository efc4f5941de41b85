// The context of those below a mount: that of the exchange, with a path, a base and parameters of its own.
import type { AbortedError, Context, FieldsInit, Outcome, TakeOver } from '@spillway/core'
import { ContextAround } from '../layers/context-view.ts'

/**
 * Whoever stands around the mount has the other one, and finds its members as they were; whatever was made below, a stream or a
 * callback, finds these for as long as it likes. A class and no proxy, for every request of a mounted router goes through one.
 */
// decision 083
export class MountedContext extends ContextAround implements Context<any, any> {
  path: string
  base: string
  params: Context<any, any>['params']

  constructor(around: Context<any, any>, base: string, path: string) {
    super(around)
    this.path = path
    this.base = base
    this.params = around.params
  }

  get method(): string {
    return this.around.method
  }

  get target(): string {
    return this.around.target
  }

  /** Of the exchange: layers around name the route in logs and numbers. */
  get route(): string {
    return this.around.route
  }

  set route(route: string) {
    this.around.route = route
  }

  get search(): string {
    return this.around.search
  }

  get query(): Context['query'] {
    return this.around.query
  }

  get url(): string {
    return this.around.url
  }

  get httpVersion(): Context['httpVersion'] {
    return this.around.httpVersion
  }

  get protocol(): string {
    return this.around.protocol
  }

  get headers(): Context['headers'] {
    return this.around.headers
  }

  get body(): Context['body'] {
    return this.around.body
  }

  get peer(): Context['peer'] {
    return this.around.peer
  }

  get state(): any {
    return this.around.state
  }

  get signal(): AbortSignal {
    return this.around.signal
  }

  get request(): Request {
    return this.around.request
  }

  get errorHeaders(): Context['errorHeaders'] {
    return this.around.errorHeaders
  }

  // Those that make replies need no context, and are handed on as they are: they can be taken out of this one as well.
  /* eslint-disable typescript/unbound-method */

  get text(): Context['text'] {
    return this.around.text
  }

  get html(): Context['html'] {
    return this.around.html
  }

  get json(): Context['json'] {
    return this.around.json
  }

  get redirect(): Context['redirect'] {
    return this.around.redirect
  }

  get empty(): Context['empty'] {
    return this.around.empty
  }

  get stream(): Context['stream'] {
    return this.around.stream
  }

  /* eslint-enable typescript/unbound-method */

  upgrade(take: TakeOver, headers?: FieldsInit): ReturnType<Context['upgrade']> {
    return this.around.upgrade(take, headers)
  }

  hints(headers: FieldsInit, status?: number): void {
    this.around.hints(headers, status)
  }

  done(callback: (outcome: Outcome) => unknown): void {
    this.around.done(callback)
  }

  abort(reason: AbortedError): void {
    this.around.abort(reason)
  }

  onAbort(callback: (reason: AbortedError) => unknown): void {
    this.around.onAbort(callback)
  }

  onShutdown(callback: () => unknown): void {
    this.around.onShutdown(callback)
  }
}
