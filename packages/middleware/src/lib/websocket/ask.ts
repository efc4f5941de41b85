// The client's side of the handshake.
import { randomBytes } from 'node:crypto'
import type { Transport } from '@spillway/core'
import { Http2Client } from '@spillway/core/http2'
import { ResponseHead, type ResponseSnapshot } from '@spillway/parser'
import { hasToken } from '@spillway/parser/fields'
import { requestHead } from '@spillway/parser/serialize'
import { deflateOffer, isDeflateAnswer } from '@spillway/parser/websocket'
import { acceptOf } from '../http/websocket-accept.ts'
import type { ConnectSettings, Opened } from './client.ts'

type Fields = readonly (readonly [name: string, value: string])[]

/** @throws TypeError when a given value cannot be sent. */
export function checkFields(url: URL, options: ConnectSettings): void {
  requestHead('GET', url.pathname + url.search, [['Host', url.host], ...fieldsOf(options)])
}

/** Opens a WebSocket with a GET that asks for an upgrade (RFC 6455 §4.1). */
export async function askByUpgrade(
  transport: Transport,
  url: URL,
  options: ConnectSettings,
  signal: AbortSignal,
): Promise<Opened> {
  const key = randomBytes(16).toString('base64')
  const own: Fields = [
    ['Host', url.host],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
  ]
  const request = requestHead('GET', url.pathname + url.search, [...own, ...fieldsOf(options)])
  const { head, leftover } = await answerOf(transport, request, signal)
  if (head.status !== 101) throw refused(head.status)
  const upgrades =
    head.get('upgrade')?.toLowerCase() === 'websocket' && hasToken(head.get('connection') ?? '', 'upgrade')
  if (!upgrades || head.get('sec-websocket-accept') !== acceptOf(key))
    throw new Error('The handshake was not understood')
  return { transport, leftover, ...agreedOn(head, options) }
}

/** Opens a WebSocket with an extended CONNECT, on a connection of its own (RFC 8441 §5). */
export function askByConnect(
  transport: Transport,
  url: URL,
  options: ConnectSettings,
  signal: AbortSignal,
): Promise<Opened> {
  const isSecure = url.protocol === 'wss:' || url.protocol === 'https:'
  const own: Fields = [
    [':method', 'CONNECT'],
    [':protocol', 'websocket'],
    [':scheme', isSecure ? 'https' : 'http'],
    [':path', url.pathname + url.search],
    [':authority', url.host],
  ]
  const fields = [...own, ...fieldsOf(options).map(([name, value]) => [name.toLowerCase(), value] as const)]
  return new Promise((resolve, reject) => {
    let isAsked = false
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    const gone = (): void => reject(new Error('The connection ended before the handshake was answered'))
    const ask = (): void => {
      // The connection exists only for this stream.
      if (isAsked && client.active === 0) client.close()
      if (isAsked || client.canConnect === undefined) return
      isAsked = true
      if (!client.canConnect) return reject(new Error('The server takes no WebSocket over HTTP/2'))
      const stream = client.request(fields, false, {
        onHead: (head, ended) => {
          if (head.status < 200) return
          signal.removeEventListener('abort', onAbort)
          if (head.status > 299 || ended) return reject(refused(head.status))
          try {
            const agreed = agreedOn(head, options)
            resolve({ transport: stream.tunnel(), leftover: new Uint8Array(0), ...agreed })
          } catch (error) {
            reject(error)
          }
        },
        onData: () => {},
        onEnd: () => {},
        onFail: ({ message }) => reject(new Error(message)),
        onDrain: () => {},
      })
    }
    const client = new Http2Client(transport, { onChange: ask, onClose: gone })
  })
}

function refused(status: number): Error {
  return new Error(`The server answered with ${status}`)
}

function fieldsOf({ protocols, deflate, headers }: ConnectSettings): Fields {
  const fields: [string, string][] = [['Sec-WebSocket-Version', '13']]
  if (protocols.length > 0) fields.push(['Sec-WebSocket-Protocol', protocols.join(', ')])
  if (deflate) fields.push(['Sec-WebSocket-Extensions', deflateOffer])
  return [...fields, ...Object.entries(headers)]
}

/** Sends the request and reads the head of the answer; the transport is then paused. */
function answerOf(
  transport: Transport,
  request: Uint8Array,
  signal: AbortSignal,
): Promise<{ head: ResponseSnapshot; leftover: Uint8Array }> {
  return new Promise((resolve, reject) => {
    const parser = new ResponseHead()
    let bytes: Buffer = Buffer.alloc(0)
    const fail = (error: unknown): void => {
      transport.pause()
      signal.removeEventListener('abort', onAbort)
      reject(error)
    }
    const onAbort = (): void => fail(signal.reason)
    const onEnd = (): void => fail(new Error('The connection ended before the handshake was answered'))
    signal.addEventListener('abort', onAbort, { once: true })
    transport.attach({
      onData: (chunk) => {
        bytes = Buffer.concat([bytes, chunk])
        const used = parser.parse(bytes, 0, bytes.length)
        if (used === 0) return
        if (used > 0) resolve({ head: parser.snapshot(bytes, 0), leftover: bytes.subarray(used) })
        fail(new Error(`The answer cannot be read: ${parser.error}`))
      },
      onDrain: () => {},
      onEnd,
      onClose: (error) => (error ? fail(error) : onEnd()),
    })
    transport.write(request)
  })
}

/** @throws Error when the server has chosen something that was not offered (RFC 6455 §4.1). */
function agreedOn(
  head: { get(name: string): string | null },
  { protocols, deflate }: ConnectSettings,
): Pick<Opened, 'protocol' | 'windowBits'> {
  const protocol = head.get('sec-websocket-protocol') ?? ''
  if (protocol !== '' && !protocols.includes(protocol))
    throw new Error('The server took a protocol that was not offered')
  const extensions = head.get('sec-websocket-extensions')
  if (extensions === null) return { protocol, windowBits: undefined }
  if (!deflate || !isDeflateAnswer(extensions)) throw new Error('The server took an extension that was not offered')
  return { protocol, windowBits: 15 }
}
