import { connect } from 'node:net'
import { afterEach, beforeEach, type MockInstance, vi } from 'vitest'
import { type ConnectionEvents, type Server, type ServerEvents, channels } from '../src/index.ts'

/** A request without content. */
export function request(method: string, target: string, fields = '', version = '1.1'): string {
  return `${method} ${target} HTTP/${version}\r\nHost: a\r\n${fields}\r\n`
}

export function get(target = '/', fields = '', version = '1.1'): string {
  return request('GET', target, fields, version)
}

/** A request whose content is announced by its length. */
export function post(content: string, target = '/', fields = ''): string {
  return request('POST', target, `Content-Length: ${content.length}\r\n${fields}`) + content
}

/** A chunked request; `end` is what follows the last chunk's size line. */
export function postChunked(pieces: readonly string[], target = '/', end = '\r\n'): string {
  const chunks = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('')
  return `${request('POST', target, 'Transfer-Encoding: chunked\r\n')}${chunks}0\r\n${end}`
}

/** Lets everything happen that is ready: microtasks, ticks and immediates. */
export async function turn(rounds = 2): Promise<void> {
  for (let i = 0; i < rounds; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** Waits until something is true that events bring about, not time. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}

export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** One reply as a strict client reads it. */
export interface Message {
  readonly status: number
  /** Lower-case names; lines of one name are joined by a comma. */
  readonly fields: ReadonlyMap<string, string>
  readonly body: string
  readonly trailers: ReadonlyMap<string, string>
  /** Whether its end was seen; a message that ends with the connection is complete here. */
  readonly complete: boolean
}

/**
 * Reads a byte stream as replies to requests with the given methods (GET when not told), strictly: anything that is not
 * a well-formed reply throws. Interim replies are messages of their own.
 */
export function replies(wire: string, methods: readonly string[] = []): Message[] {
  const messages: Message[] = []
  let at = 0
  let final = 0
  while (at < wire.length) {
    const headEnd = wire.indexOf('\r\n\r\n', at)
    if (headEnd < 0) throw new Error(`Not a reply head: ${JSON.stringify(wire.slice(at, at + 80))}`)
    const [first = '', ...lines] = wire.slice(at, headEnd).split('\r\n')
    const status = Number(/^HTTP\/1\.1 ([1-5]\d\d) [\x20-\x7e]*$/.exec(first)?.[1] ?? NaN)
    if (Number.isNaN(status)) throw new Error(`Not a status line: ${JSON.stringify(first)}`)
    const fields = fieldMap(lines)
    const method = status < 200 ? '' : (methods[final++] ?? 'GET')
    const content = contentOf(wire, headEnd + 4, status, method, fields)
    messages.push({ status, fields, ...content })
    at = content.end
  }
  return messages
}

type Content = Pick<Message, 'body' | 'trailers' | 'complete'> & { end: number }

function contentOf(wire: string, from: number, status: number, method: string, fields: Map<string, string>): Content {
  const none = new Map<string, string>()
  const coding = fields.get('transfer-encoding')
  const length = fields.get('content-length')
  if (coding !== undefined && length !== undefined) throw new Error('Both Transfer-Encoding and Content-Length')
  if (length !== undefined && !/^\d+$/.test(length)) throw new Error(`Not a Content-Length: ${length}`)
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD')
    return { body: '', trailers: none, complete: true, end: from }
  if (coding !== undefined) return chunkedContent(wire, from)
  const end = length === undefined ? wire.length : from + Number(length)
  return { body: wire.slice(from, end), trailers: none, complete: end <= wire.length, end: Math.min(end, wire.length) }
}

function chunkedContent(wire: string, from: number): Content {
  let body = ''
  for (let at = from; ;) {
    const line = /^([\da-f]+)\r\n/.exec(wire.slice(at, at + 20))
    if (!line && at + 20 < wire.length) throw new Error(`Not a chunk: ${JSON.stringify(wire.slice(at, at + 20))}`)
    if (!line) return { body, trailers: new Map(), complete: false, end: wire.length }
    at += line[0].length
    const size = Number.parseInt(line[1]!, 16)
    if (size === 0) {
      if (wire.startsWith('\r\n', at)) return { body, trailers: new Map(), complete: true, end: at + 2 }
      const end = wire.indexOf('\r\n\r\n', at)
      if (end < 0) return { body, trailers: new Map(), complete: false, end: wire.length }
      return { body, trailers: fieldMap(wire.slice(at, end).split('\r\n')), complete: true, end: end + 4 }
    }
    body += wire.slice(at, at + size)
    at += size
    if (at + 2 > wire.length) return { body, trailers: new Map(), complete: false, end: wire.length }
    if (!wire.startsWith('\r\n', at)) throw new Error('A chunk is not followed by CR LF')
    at += 2
  }
}

function fieldMap(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of lines) {
    const parts = /^([!#$%&'*+\-.^_`|~\w]+): ([\t\x20-\x7e\x80-\xff]*)$/.exec(line)
    if (!parts) throw new Error(`Not a field line: ${JSON.stringify(line)}`)
    const name = parts[1]!.toLowerCase()
    if (fields.has(name) && /^(content-length|date|connection|transfer-encoding)$/.test(name))
      throw new Error(`Repeated field: ${name}`)
    fields.set(name, fields.has(name) ? `${fields.get(name)!}, ${parts[2]!}` : parts[2]!)
  }
  return fields
}

/** The only reply in a byte stream. */
export function onlyReply(wire: string, method = 'GET'): Message {
  const all = replies(wire, [method])
  if (all.length !== 1) throw new Error(`${all.length} replies, not one: ${JSON.stringify(wire.slice(0, 400))}`)
  return all[0]!
}

export function statuses(wire: string, methods?: readonly string[]): number[] {
  return replies(wire, methods).map((message) => message.status)
}

export function bodies(wire: string, methods?: readonly string[]): string[] {
  return replies(wire, methods).map((message) => message.body)
}

/** Replies without what time changes in them. */
export function withoutDate(wire: string): string {
  return wire.replace(/^Date: .*\r\n/gm, '')
}

/** Mutes `console.error` for a file and watches it: the default place of errors that are not an answer. */
export function muteErrors(): { readonly calls: readonly unknown[][] } {
  let spy: MockInstance<typeof console.error> | undefined
  beforeEach(() => {
    spy = vi.spyOn(console, 'error').mockImplementation(() => {})
  })
  afterEach(() => spy?.mockRestore())
  return {
    get calls() {
      return spy?.mock.calls ?? []
    },
  }
}

type Names = keyof ConnectionEvents
export type Recorded = { [K in Names]: { readonly name: K; readonly event: ConnectionEvents[K] } }[Names]

/** What one server publishes while `run` runs, the bytes aside. */
export async function record(server: Server, run: () => void | Promise<void>): Promise<Recorded[]> {
  const seen: Recorded[] = []
  const stops = (Object.keys(channels) as (keyof ServerEvents)[])
    .filter((name) => name !== 'listening' && name !== 'bytes' && name !== 'head' && name !== 'keylog')
    .map((name) => {
      const listener = (event: ConnectionEvents[Names]): void => {
        if (event.server === server) seen.push({ name, event } as Recorded)
      }
      const at = channels[name] as { subscribe(f: typeof listener): void; unsubscribe(f: typeof listener): boolean }
      at.subscribe(listener)
      return () => at.unsubscribe(listener)
    })
  try {
    await run()
    await turn()
  } finally {
    for (const stop of stops) stop()
  }
  return seen
}

/** The events of one name out of a recording. */
export function events<K extends Names>(seen: readonly Recorded[], name: K): ConnectionEvents[K][] {
  return seen.filter((item) => item.name === name).map((item) => item.event as ConnectionEvents[K])
}

/** A client's socket, and all that came on it. */
export interface RawClient {
  send(bytes: string | Uint8Array): void
  end(): void
  destroy(): void
  /** Reads no more. */
  pause(): void
  /** Leaves without a goodbye (RST). */
  reset(): void
  readonly received: string
  /** Resolves with everything once the server has ended its side, rejects when it was reset. */
  readonly ended: Promise<string>
  /** Resolves once what was received matches. */
  saw(pattern: RegExp): Promise<string>
}

/** Opens a plain TCP connection to a server. */
export function rawClient(server: Server): RawClient {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true })
  let received = ''
  socket.setEncoding('latin1').on('data', (text: string) => (received += text))
  const ended = new Promise<string>((resolve, reject) => {
    socket.on('end', () => {
      socket.end()
      resolve(received)
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(received))
  })
  ended.catch(() => {})
  return {
    send: (bytes) => void (typeof bytes === 'string' ? socket.write(bytes, 'latin1') : socket.write(bytes)),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    pause: () => void socket.pause(),
    reset: () => void socket.resetAndDestroy(),
    get received() {
      return received
    },
    ended,
    saw: async (pattern) => {
      await until(() => pattern.test(received) || socket.destroyed)
      return received
    },
  }
}
