// HTTP Archives, as written by browsers and proxies, as HTTP/1.1 messages (http://www.softwareishard.com/blog/har-12-spec/).
import { withContent, writtenRequest } from './written.ts'

type Side = 'request' | 'response'

const utf8 = new TextEncoder()

interface Content {
  readonly text?: string
  /** `base64`, or missing if the content is text. */
  readonly encoding?: string
}

interface Archived {
  readonly method?: string
  readonly url?: string
  readonly httpVersion?: string
  readonly status?: number
  readonly statusText?: string
  readonly headers?: readonly { readonly name: string; readonly value: string }[]
  readonly postData?: Content
  readonly content?: Content
}

/** The description of one exchange. Nothing has been checked: all of it may be missing, or of another type. */
export interface ArchivedEntry extends Partial<Record<Side, Archived>> {
  readonly startedDateTime?: string
  readonly time?: number
  /** The same for all exchanges on one connection. */
  readonly connection?: string
  readonly timings?: { readonly send?: number; readonly wait?: number; readonly receive?: number }
}

/** The entries of an HTTP Archive, or a single entry; empty for any other text. */
export function archivedEntries(text: string): ArchivedEntry[] {
  if (!/^\ufeff?\s*\{/.test(text)) return []
  try {
    const all = JSON.parse(text.replace(/^\ufeff/, '')) as { log?: { entries?: ArchivedEntry[] } } & ArchivedEntry
    return (Array.isArray(all.log?.entries) ? all.log.entries : [all]).filter(
      (one) => typeof one === 'object' && one !== null,
    )
  } catch {
    return []
  }
}

/** Undefined if the entry does not have the message, or not in the expected form. */
export function archivedBytes(entry: ArchivedEntry, side: Side): Uint8Array | undefined {
  try {
    return messageOf(entry, side)
  } catch {
    return undefined
  }
}

function messageOf(entry: ArchivedEntry, side: Side): Uint8Array | undefined {
  const found = entry?.[side]
  if (!Array.isArray(found?.headers)) return undefined
  const isRequest = side === 'request'
  const body = contentOf(isRequest ? found.postData : found.content)
  const fields = found.headers
    // HTTP/2 pseudo-header fields, which browsers include: the start line has their values.
    .filter(({ name }) => !name.startsWith(':'))
    // An archive has content without transfer codings, and the content of a response without content codings.
    .filter(({ name, value }) => !/^content-length$/i.test(name) || (isRequest && value === String(body.length)))
    .filter(({ name }) => !/^transfer-encoding$/i.test(name) && (isRequest || !/^content-encoding$/i.test(name)))
    .map(({ name, value }) => `${name}: ${value}`)
  if (isRequest) return writtenRequest(found.method ?? 'GET', found.url ?? '/', fields, body)
  const line = `HTTP/1.1 ${found.status ?? 200} ${found.statusText ?? ''}`
  return withContent([line, ...fields, `Content-Length: ${body.length}`, ''], body)
}

function contentOf({ text = '', encoding }: Content = {}): Uint8Array {
  return encoding === 'base64' ? Uint8Array.from(atob(text), (c) => c.charCodeAt(0)) : utf8.encode(text)
}
