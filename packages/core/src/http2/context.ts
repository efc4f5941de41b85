import type { Http2Request } from '@spillway/parser/http2'
import type { Context, RequestHeaders } from '../exchange/context.ts'
import { HttpError } from '../exchange/errors.ts'
import type { Reply, TakeOver } from '../exchange/reply.ts'
import type { FieldsInit } from '../exchange/reply-headers.ts'
import { type ContextHead, type ContextPort, RequestContext } from '../exchange/request-context.ts'

/** One HTTP/2 request and the means to answer it. */
export class Http2Context extends RequestContext {
  constructor(port: ContextPort, head: Http2Request, exchange: number) {
    const isUpgrade = head.protocol !== ''
    super(port, isUpgrade ? new UpgradeHead(head) : head, isUpgrade, exchange)
  }

  override get protocol(): string {
    return (this.head as Http2Request | UpgradeHead).protocol
  }

  override get httpVersion(): Context['httpVersion'] {
    return '2.0'
  }

  override upgrade(take: TakeOver, headers?: FieldsInit): Reply {
    if (this.method === 'CONNECT' || this.protocol !== '') return super.upgrade(take, headers)
    throw new HttpError(501, 'Connections of HTTP/2 carry many requests and cannot be upgraded')
  }
}

// decision 055
/**
 * An extended CONNECT as handlers see it: the GET with Upgrade that means the same in HTTP/1.1 (RFC 8441 §5). So everything that is in
 * front of such a GET because of its route, its method or its fields is also in front of this request.
 */
class UpgradeHead implements ContextHead {
  readonly method = 'GET'
  readonly target: string
  readonly targetForm: ContextHead['targetForm']
  readonly minorVersion = 1
  readonly protocol: string
  readonly #head: Http2Request
  readonly #added: ReadonlyMap<string, string>

  constructor(head: Http2Request) {
    this.target = head.target
    this.targetForm = head.targetForm
    this.protocol = head.protocol
    this.#head = head
    this.#added = new Map([
      ['connection', 'Upgrade'],
      ['upgrade', head.protocol],
    ])
  }

  get(name: string): string | null {
    return this.#added.get(name.toLowerCase()) ?? this.#head.get(name)
  }

  getAll(name: string): string[] {
    const added = this.#added.get(name.toLowerCase())
    return added === undefined ? this.#head.getAll(name) : [added]
  }

  has(name: string): boolean {
    return this.#added.has(name.toLowerCase()) || this.#head.has(name)
  }

  *[Symbol.iterator](): ReturnType<RequestHeaders[typeof Symbol.iterator]> {
    yield* this.#head
    yield* this.#added
  }
}
