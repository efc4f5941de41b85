// Sends requests again.
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { setTimeout as wait } from 'node:timers/promises'
import { endToEndFields, fieldsAsSent } from '@spillway/parser/fields'
import { observer, ObservingParser, type Profile } from '@spillway/parser/observer'
import { requestHead } from '@spillway/parser/serialize'
import { type Field, fieldOf, type RecordedRequest, type RecordedResponse, type Transaction } from './transaction.ts'

/** Where requests go. Nothing is ever sent anywhere else. */
export interface Destination {
  readonly url: URL
  /** Whether Host stays what it was, instead of that of the URL. */
  readonly keepHost: boolean
  /** Milliseconds for one answer. */
  readonly timeout: number
  /** Whether a certificate may be anybody's. */
  readonly insecure: boolean
  /** Whether the bytes that are in the file are sent, mistakes and all, instead of a request that says the same. */
  readonly raw: boolean
}

/** What came of a request: an answer, why there is none, or why it was not sent. */
export type Outcome =
  | { readonly kind: 'answered'; readonly response: RecordedResponse; readonly ms: number }
  | { readonly kind: 'failed' | 'skipped'; readonly why: string }

/** The bytes to send for a recorded request. @throws {TypeError} {Error} for what cannot be written. */
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
  // a proxy's form of target would name a host
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

/** Answers are read as recordings are, but an answer that is cut is none. */
const answers: Profile = {
  ...observer,
  name: 'answers',
  response: observer.response.filter((rule) => rule !== 'ends'),
}

/** One connection to the destination, for one request after the other. */
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
    // a server may close a connection that waits at any time: then another one is made, once
    for (let isFresh = this.#socket === undefined; ; isFresh = true) {
      try {
        const response = await this.#exchange(bytes, one.request!)
        // a server may see two requests in it, and answer both
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
      const onClose = (): void => fail(new Error('the connection was closed before the answer was complete'))
      const { timeout } = this.#destination
      const timer = setTimeout(() => {
        fail(new TimeoutError(`no answer within ${timeout} ms`))
      }, timeout)
      socket.on('data', onData).on('end', onEnd).on('error', onError).on('close', onClose)
      socket.write(bytes)
    })
  }
}

class TimeoutError extends Error {}

/** When requests go out. */
export interface Pace {
  /** Requests at a time. */
  readonly concurrency: number
  /** Requests in a second; undefined for as many as can be. */
  readonly rate: number | undefined
  /** Whether the gaps are those of the recording, divided by this; undefined for no gaps. */
  readonly speed: number | undefined
}

/** Sends all of them, and tells what came of each as soon as that is known. */
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
