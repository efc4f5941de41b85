// The page's requests to the server.
import type { Page, RoomInfo } from '../src/events.ts'

/** A request that the server refused. */
export class Refused extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Sends one request. @throws Refused with the server's reason; TypeError when the server cannot be reached; the reason of `signal`. */
export async function ask(method: string, path: string, content?: object, signal?: AbortSignal): Promise<unknown> {
  const reply = await fetch(`/api${path}`, {
    method,
    ...(signal && { signal }),
    ...(content && { body: JSON.stringify(content), headers: { 'Content-Type': 'application/json' } }),
  })
  const body = reply.headers.get('content-type')?.includes('json') ? ((await reply.json()) as unknown) : undefined
  if (!reply.ok) throw new Refused(reply.status, reasonOf(body) ?? `The server says ${reply.status}`)
  return body
}

/** The text of a problem (RFC 9457). */
function reasonOf(body: unknown): string | undefined {
  const { detail, title, errors } = (body ?? {}) as {
    readonly detail?: string
    readonly title?: string
    readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
  }
  const [first] = errors ?? []
  return first ? `${first.pointer.split('/').at(-1)}: ${first.detail}` : (detail ?? title)
}

export const rooms = (): Promise<readonly RoomInfo[]> => ask('GET', '/rooms') as Promise<readonly RoomInfo[]>

export const older = (room: string, before: number): Promise<Page> =>
  ask('GET', `/rooms/${room}/messages?before=${before}`) as Promise<Page>
