// Reads and writes HAR files.
import { readFileSync } from 'node:fs'
import { reasonPhrase } from '@spillway/parser/serialize'
import { FormatError } from './failure.ts'
import { type Field, fieldOf, type Transaction, type Unnumbered, urlOf } from './transaction.ts'

/* HAR 1.2: http://www.softwareishard.com/blog/har-12-spec/ */

interface HarMessage {
  readonly httpVersion?: string
  readonly headers?: readonly { readonly name: string; readonly value: string }[]
}
interface HarEntry {
  readonly startedDateTime?: string
  readonly time?: number
  readonly request: HarMessage & {
    readonly method: string
    readonly url: string
    readonly postData?: { readonly text?: string; readonly encoding?: string }
  }
  readonly response?: HarMessage & {
    readonly status: number
    readonly statusText?: string
    readonly content?: { readonly text?: string; readonly encoding?: string; readonly size?: number }
  }
}

/** The transactions of a HAR file that used HTTP or HTTPS. */
export function* readHar(file: string): Generator<Unnumbered> {
  let har: { log?: { entries?: HarEntry[] } }
  try {
    har = JSON.parse(readFileSync(file, 'utf8').replace(/^\ufeff/, '')) as typeof har
  } catch (error) {
    throw new FormatError(`${file} is not a HAR file: ${(error as Error).message}`, { cause: error })
  }
  const entries = har.log?.entries
  if (!Array.isArray(entries)) throw new FormatError(`${file} is not a HAR file: it has no log with entries`)
  for (const entry of entries) {
    const url = URL.canParse(entry.request.url) ? new URL(entry.request.url) : undefined
    if (url === undefined || !/^https?:$/.test(url.protocol)) continue
    const { request, response } = entry
    const posted = bytesOf(request.postData)
    const content = bytesOf(response?.content)
    // browsers write a status of 0 when there was no response
    const isAnswered = response !== undefined && response.status >= 100
    yield {
      scheme: url.protocol === 'https:' ? 'https' : 'http',
      authority: url.host,
      startedAt: Date.parse(entry.startedDateTime ?? '') || 0,
      duration: Math.max(0, entry.time ?? 0),
      request: {
        ...messageOf(request, posted, true),
        method: request.method,
        target: url.pathname + url.search,
        raw: undefined,
      },
      response: isAnswered
        ? {
            ...messageOf(response, content, content.length > 0 || isEmpty(request.method, response)),
            status: response.status,
            reason: response.statusText ?? '',
            isDecoded: true,
          }
        : undefined,
      deviations: [],
    }
  }
}

/** Whether a response without content in the file really had none. Browsers also leave out content that they did not keep. */
function isEmpty(method: string, { status, headers = [] }: HarMessage & { readonly status: number }): boolean {
  const length = headers.find(({ name }) => name.toLowerCase() === 'content-length')?.value
  return method === 'HEAD' || status === 204 || status === 304 || length === '0'
}

function messageOf(message: HarMessage, content: Uint8Array, isWhole: boolean) {
  return {
    minorVersion: message.httpVersion?.endsWith('1.0') === true ? (0 as const) : (1 as const),
    // browsers list the pseudo-fields of HTTP/2 and 3
    fields: (message.headers ?? [])
      .filter(({ name }) => !name.startsWith(':'))
      .map(({ name, value }): Field => [name, value]),
    content,
    contentBytes: content.length,
    isWhole,
    isDecoded: false,
  }
}

function bytesOf(content: { readonly text?: string; readonly encoding?: string } | undefined): Uint8Array {
  return Buffer.from(content?.text ?? '', content?.encoding === 'base64' ? 'base64' : 'utf8')
}

/** One entry of a HAR file. */
export function harEntry(one: Transaction): object {
  const { request, response } = one
  const common = { cookies: [], headersSize: -1 }
  const url = urlOf(one)
  return {
    startedDateTime: new Date(one.startedAt).toISOString(),
    time: one.duration,
    request: {
      method: request?.method ?? '',
      url,
      httpVersion: version(request?.minorVersion),
      headers: list(request?.fields),
      queryString: [...(URL.canParse(url) ? new URL(url).searchParams : [])].map(([name, value]) => ({ name, value })),
      bodySize: request?.contentBytes ?? -1,
      ...(request !== undefined && request.content.length > 0 && { postData: contentOf(request) }),
      ...common,
    },
    response: {
      status: response?.status ?? 0,
      statusText: response === undefined ? '' : response.reason || reasonPhrase(response.status),
      httpVersion: version(response?.minorVersion),
      headers: list(response?.fields),
      content: {
        size: response?.contentBytes ?? 0,
        ...(response === undefined ? { mimeType: '' } : contentOf(response)),
      },
      redirectURL: fieldOf(response?.fields ?? [], 'location') ?? '',
      bodySize: response?.contentBytes ?? -1,
      ...common,
    },
    cache: {},
    timings: { send: 0, wait: one.duration, receive: 0 },
  }
}

function list(fields: readonly Field[] = []): object[] {
  return fields.map(([name, value]) => ({ name, value }))
}

function version(minor: number = 1): string {
  return `HTTP/1.${minor}`
}

/** Content as text when it is UTF-8, otherwise in base64. */
function contentOf({ fields, content }: { fields: readonly Field[]; content: Uint8Array }): object {
  const mimeType = fieldOf(fields, 'content-type') ?? ''
  try {
    return { mimeType, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content) }
  } catch {
    return { mimeType, text: Buffer.from(content).toString('base64'), encoding: 'base64' }
  }
}
