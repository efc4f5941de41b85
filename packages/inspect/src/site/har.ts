import type { Connection, Exchange } from '../model/events.ts'
import { type Told, contentCodings, fieldOf } from '../model/messages.ts'
import { exchangesIn } from '../model/streams.ts'
import type { LabState } from '../model/state.ts'
import type { Recorder } from '../record/recorder.ts'
import { decodeAll } from './decode.ts'

/** Bytes that decoding may produce, for all of an archive. */
const mostDecoded = 64 * 1024 * 1024

interface Room {
  bytes: number
}

/**
 * The recording as an HTTP Archive 1.2, for tools that read those: all exchanges whose bytes are still there.
 * That of responses has its codings undone, as the format wants it.
 */
export async function toHar(recorder: Recorder, version: string): Promise<object> {
  const recorded = connectionsOf(recorder.state).flatMap((connection) =>
    exchangesIn(recorder.tapes.read(connection.id), fromBase64).flatMap(({ exchange, request, response }) => {
      const known = connection.exchanges.find((one) => one.exchange === exchange)
      return known ? [{ connection, known, request, response }] : []
    }),
  )
  // The oldest first, as the format prefers, whichever connection it came on.
  recorded.sort((a, b) => a.known.headAt - b.known.headAt)
  const entries: object[] = []
  const room = { bytes: mostDecoded }
  for (const { connection, known, request, response } of recorded)
    entries.push(await entryOf(connection, known, request, response, { epoch: recorder.epoch, room }))
  return { log: { version: '1.2', creator: { name: '@spillway/inspect', version }, entries } }
}

function connectionsOf({ closed, open }: LabState): Connection[] {
  return [...closed, ...open.values()].filter(({ role }) => role !== 'viewer')
}

async function entryOf(
  { id }: Connection,
  { at, headAt, repliedAt = at, endedAt = repliedAt, method, target, version }: Exchange,
  request: Told,
  response: Told | undefined,
  { epoch, room }: { readonly epoch: number; readonly room: Room },
): Promise<object> {
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
        postData: { mimeType: fieldOf(request, 'content-type') ?? '', ...textOf(request.content) },
      }),
    },
    response: {
      status: Number(status),
      statusText: words.join(' '),
      httpVersion: `HTTP/${version}`,
      cookies: [],
      headers: response ? nameValues(response) : [],
      content: await contentOf(response, room),
      redirectURL: (response && fieldOf(response, 'location')) ?? '',
      headersSize: -1,
      bodySize: response?.content.length ?? -1,
    },
    cache: {},
    timings: { send: at - headAt, wait: repliedAt - at, receive: endedAt - repliedAt },
  }
}

async function contentOf(response: Told | undefined, room: Room): Promise<object> {
  if (!response) return { size: 0, mimeType: '' }
  const mimeType = fieldOf(response, 'content-type') ?? ''
  const codings = contentCodings(response)
  const content = await decodeAll(codings, response.content)
  if (!content)
    return { size: 0, mimeType, comment: `What was kept of it cannot be decoded from ${codings.join(', ')}.` }
  // Content that was recorded has its bounds already.
  if (codings.length > 0 && (room.bytes -= content.length) < 0)
    return { size: content.length, mimeType, comment: 'Left out, as what came before it is large already.' }
  return { size: content.length, mimeType, ...textOf(content) }
}

/** Text that is not UTF-8 would not survive, so it is in base64. */
function textOf(content: Uint8Array): object {
  const text = Buffer.from(content).toString()
  return Buffer.from(text).equals(content)
    ? { text }
    : { text: Buffer.from(content).toString('base64'), encoding: 'base64' }
}

function nameValues({ fields }: Told): object[] {
  return fields.map(([name, value]) => ({ name, value }))
}

function fromBase64(text: string): Uint8Array {
  return Buffer.from(text, 'base64')
}
