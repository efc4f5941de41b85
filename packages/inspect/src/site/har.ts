import type { Connection, Exchange } from '../model/events.ts'
import { type Told, fieldOf } from '../model/messages.ts'
import { exchangesIn } from '../model/streams.ts'
import type { LabState } from '../model/state.ts'
import type { Recorder } from '../record/recorder.ts'

/**
 * The recording as an HTTP Archive 1.2, for tools that read those: all exchanges whose bytes are still there.
 * Content is as it was transferred, in base64 if it is not text.
 */
export function toHar(recorder: Recorder, version: string): object {
  const connections = connectionsOf(recorder.state)
  const entries = connections.flatMap((connection) =>
    exchangesIn(recorder.tapes.read(connection.id), fromBase64).flatMap(({ exchange, request, response }) => {
      const known = connection.exchanges.find((one) => one.exchange === exchange)
      return known ? [entryOf(connection, known, request, response, recorder.epoch)] : []
    }),
  )
  return { log: { version: '1.2', creator: { name: '@spillway/inspect', version }, entries } }
}

function connectionsOf({ closed, open }: LabState): Connection[] {
  return [...closed, ...open.values()].filter(({ role }) => role !== 'viewer')
}

function entryOf(
  { id }: Connection,
  { at, headAt, repliedAt = at, endedAt = repliedAt, method, target, version }: Exchange,
  request: Told,
  response: Told | undefined,
  epoch: number,
): object {
  const host = fieldOf(request, 'host') ?? 'localhost'
  const url = target.startsWith('/') ? `http://${host}${target}` : target
  const [, status = '0', ...words] = (response?.line ?? '').split(' ')
  return {
    startedDateTime: new Date(epoch + headAt).toISOString(),
    time: endedAt - headAt,
    connection: String(id),
    request: {
      method,
      url,
      httpVersion: `HTTP/${version}`,
      cookies: [],
      headers: nameValues(request),
      queryString: URL.canParse(url) ? [...new URL(url).searchParams].map(([name, value]) => ({ name, value })) : [],
      headersSize: request.bytes.length - request.content.length,
      bodySize: request.content.length,
      ...(request.content.length > 0 && {
        postData: { mimeType: fieldOf(request, 'content-type') ?? '', text: latin1(request.content) },
      }),
    },
    response: {
      status: Number(status),
      statusText: words.join(' '),
      httpVersion: `HTTP/${version}`,
      cookies: [],
      headers: response ? nameValues(response) : [],
      content: contentOf(response),
      redirectURL: (response && fieldOf(response, 'location')) ?? '',
      headersSize: -1,
      bodySize: response?.content.length ?? -1,
    },
    cache: {},
    timings: { send: at - headAt, wait: repliedAt - at, receive: endedAt - repliedAt },
  }
}

function contentOf(response: Told | undefined): object {
  if (!response) return { size: 0, mimeType: '' }
  const { content } = response
  const mimeType = fieldOf(response, 'content-type') ?? ''
  const text = Buffer.from(content).toString()
  // Text that is not UTF-8 would not survive.
  return Buffer.from(text).equals(content)
    ? { size: content.length, mimeType, text }
    : { size: content.length, mimeType, text: Buffer.from(content).toString('base64'), encoding: 'base64' }
}

function nameValues({ fields }: Told): object[] {
  return fields.map(([name, value]) => ({ name, value }))
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function fromBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}
