// Sends requests again.
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { setTimeout as wait } from 'node:timers/promises'
import { endToEndFields, fieldsAsSent } from '@spillway/parser/fields'
import { observer, ObservingParser, type Profile } from '@spillway/parser/observer'
import { requestHead } from '@spillway/parser/serialize'
import { type Field, fieldOf, type RecordedRequest, type RecordedResponse, type Transaction } from './transaction.ts'

/** Where requests are sent. Nothing is ever sent anywhere else. */
export interface Destination {
  readonly url: URL
  /** Whether Host is sent as recorded, instead of the URL's host. */
  readonly keepHost: boolean
  /** The time limit for one response, in milliseconds. */
  readonly timeout: number
  /** Whether any certificate is accepted. */
  readonly insecure: boolean
  /** Whether the bytes of the file are sent as they are, mistakes included, instead of an equivalent request. */
  readonly raw: boolean
}

/** The outcome of a request: a response, why there is none, or why the request was not sent. */
export type Outcome =
  | { readonly kind: 'answered'; readonly response: RecordedResponse; readonly ms: number }
  | { readonly kind: 'failed' | 'skipped'; readonly why: string }

/** The bytes to send for a recorded request. @throws {Error} when they would not be a valid request */
function bytesToSend(one: Transaction, { url, keepHost, raw }: Destination): Uint8Array {
  const { method, target, fields, content } = one.request!
  if (raw) return one.request!.raw!
  const sent: Field[] = endToEndFields(fields).filter(
    ([name]) => !/^(host|content-length|expect|alt-used)$/i.test(name),
  )
  const host = keepHost && one.authority !== '' ? one.authority : url.host
  sent.unshift(['Host', host])
  if (
    content.length > 0 ||
    fieldOf(fields, 'content-length') !== undefined ||
    fieldOf(fields, 'transfer-encoding') !== undefined
  )
    sent.push(['Content-Length', String(content.length)])
  // drops scheme and host from a target in absolute form
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '') || '/'
  const head = requestHead(method, path.startsWith('?') ? `/${path}` : path, sent)
  return Buffer.concat([head, content])
}

/** Why a recorded request is not sent, or undefined. */
function whyNot({ request }: Transaction, { raw }: Destination): string | undefined {
  if (request === undefined) return 'its request is not in the file'
  if (request.method === 'CONNECT') return 'it asks for a tunnel'
  if (fieldOf(request.fields, 'upgrade') !== undefined) return 'it asks for another protocol'
  if (raw) return request.raw === undefined ? 'its bytes are not all in the file' : undefined
  return request.isWhole ? undefined : 'its content is not all in the file'
}

/** Responses are parsed as in recordings, except that truncated ones are rejected. */
const answers: Profile = {
  ...observer,
  name: 'answers',
  response: observer.response.filter((rule) => rule !== 'ends'),
}

/** Sends one request after another on one connection to the destination. */
class Client {
  readonly #destination: Destination
  #socket: Socket | undefined
  #parser: ObservingParser<'response'> | undefined

  constructor(destination: Destination) {
    this.#destination = destination
  }

  async send(one: Transaction): Promise<Outcome> {
    const why = whyNot(one, this.#destination)
    if (why !== undefined) return { kind: 'skipped', why }
    let bytes
    try {
      bytes = bytesToSend(one, this.#destination)
    } catch (error) {
      return { kind: 'skipped', why: `it cannot be written: ${(error as Error).message}` }
    }
    const startedAt = performance.now()
    // a server may close an idle connection at any time: the request is sent once more, on a new one
    for (let isFresh = this.#socket === undefined; ; isFresh = true) {
      try {
        const response = await this.#exchange(bytes, one.request!)
        // a server may see two requests in these bytes, and answer both
        if (this.#destination.raw && one.deviations.length > 0) this.close()
        return { kind: 'answered', response, ms: performance.now() - startedAt }
      } catch (error) {
        this.close()
        if (isFresh || error instanceof TimeoutError) return { kind: 'failed', why: (error as Error).message }
      }
    }
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #connected(): Socket {
    const { url, insecure } = this.#destination
    const isTls = url.protocol === 'https:'
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const port = Number(url.port) || (isTls ? 443 : 80)
    const socket = isTls
      ? connectTls({ host, port, servername: host, rejectUnauthorized: !insecure })
      : connect({ host, port })
    socket.setNoDelay(true).on('error', () => undefined)
    this.#parser = new ObservingParser('response', answers)
    return socket
  }

  #exchange(bytes: Uint8Array, { method }: RecordedRequest): Promise<RecordedResponse> {
    const socket = (this.#socket ??= this.#connected())
    const parser = this.#parser!
    parser.expect(method)
    return new Promise((resolve, reject) => {
      const pieces: Uint8Array[] = []
      let head: Pick<RecordedResponse, 'status' | 'reason' | 'fields' | 'minorVersion'> | undefined
      let keepAlive = false
      const settle = (act: () => void): void => {
        clearTimeout(timer)
        socket.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose)
        act()
      }
      const fail = (error: Error): void => settle(() => reject(error))
      const take = (events: Iterable<ReturnType<typeof parser.next>['value'] & object>): void => {
        for (const event of events) {
          if (event.type === 'response' && (event.head.status >= 200 || event.upgrade)) {
            const { status, reason, minorVersion } = event.head
            head = { status, reason, minorVersion, fields: fieldsAsSent(event.head) }
            keepAlive = event.keepAlive
          }
          if (event.type === 'data') pieces.push(event.data)
          if (event.type !== 'end' || head === undefined) continue
          const content = Buffer.concat(pieces)
          const response = { ...head, content, contentBytes: content.length, isWhole: true, isDecoded: false }
          settle(() => {
            if (!keepAlive) this.close()
            resolve(response)
          })
          return
        }
      }
      const guarded = (act: () => void): void => {
        try {
          act()
        } catch (error) {
          fail(error as Error)
        }
      }
      const onData = (chunk: Uint8Array): void => guarded(() => take(parser.feed(chunk)))
      const onEnd = (): void => guarded(() => take(parser.end()))
      const onError = (error: Error): void => fail(error)
      const onClose = (): void => fail(new Error('the connection was closed before the response was complete'))
      const { timeout } = this.#destination
      const timer = setTimeout(() => {
        fail(new TimeoutError(`no response within ${timeout} ms`))
      }, timeout)
      socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose)
      socket.write(bytes)
    })
  }
}

class TimeoutError extends Error {}

/** When requests are sent. */
export interface Pace {
  /** The number of concurrent requests. */
  readonly concurrency: number
  /** Requests per second; undefined for as many as possible. */
  readonly rate: number | undefined
  /** The gaps between requests are those of the recording, divided by this; undefined for no gaps. */
  readonly speed: number | undefined
}

/** Sends all requests, and reports the outcome of each as soon as it is known. */
export async function sendAll(
  list: Iterable<Transaction>,
  destination: Destination,
  { concurrency, rate, speed }: Pace,
  tell: (one: Transaction, outcome: Outcome) => void,
): Promise<void> {
  const iterator = list[Symbol.iterator]()
  const startedAt = performance.now()
  let first: number | undefined
  let count = 0
  const worker = async (): Promise<void> => {
    const client = new Client(destination)
    for (let next; !(next = iterator.next()).done;) {
      const one = next.value
      first ??= one.startedAt
      const due =
        speed !== undefined ? (one.startedAt - first) / speed : rate !== undefined ? (count++ * 1000) / rate : 0
      const early = startedAt + due - performance.now()
      if (early > 0) await wait(early)
      tell(one, await client.send(one))
    }
    client.close()
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}
