// Transactions as text for a terminal.
import { parseRequest, parseResponse, ParseError } from '@spillway/parser'
import { requestHead, responseHead } from '@spillway/parser/serialize'
import { type Field, type RecordedRequest, type RecordedResponse, type Transaction, urlOf } from './transaction.ts'

/** The maximum of content bytes that are shown. */
const MOST_SHOWN = 2048

/** One line: number, time, method, URL, status, bytes, and whether a strict parser would have refused it. */
export function listLine(one: Transaction): string {
  const { request, response, deviations, number } = one
  const time = one.startedAt === 0 ? '' : `${new Date(one.startedAt).toISOString().slice(11, 23)}  `
  const status = response === undefined ? '---' : String(response.status)
  const mark = deviations.length === 0 ? '' : `  ! ${deviations[0]!.code}`
  return visible(
    `${String(number).padStart(5)}  ${time}${status}  ${(request?.method ?? '?').padEnd(7)} ${urlOf(one)}  ${response?.contentBytes ?? 0} B${mark}`,
  )
}

/** A transaction as bytes, with the verdict of the strict parser on each message. */
export function showTransaction(one: Transaction): string {
  const parts = [`# ${one.number}  ${urlOf(one)}`]
  const { request, response } = one
  if (request !== undefined) parts.push(...message('request', request, one))
  if (response !== undefined) parts.push(...message('response', response, one))
  return `${parts.map((part) => visible(part)).join('\n')}\n`
}

function message(side: 'request' | 'response', sent: RecordedRequest | RecordedResponse, one: Transaction): string[] {
  const start =
    'method' in sent
      ? `${sent.method} ${sent.target} HTTP/1.${sent.minorVersion}`
      : `HTTP/1.${sent.minorVersion} ${sent.status} ${sent.reason}`
  const lines = [start, ...sent.fields.map(([name, value]) => `${name}: ${value}`)]
  const deviations = one.deviations.filter((deviation) => deviation.side === side)
  const verdict =
    deviations.length === 0
      ? [`= ${ownVerdict(sent)}`]
      : deviations.map(
          ({ at, code, rfc, message: what, strict, lenient }) =>
            `! ${code} at byte ${at}: ${what} (${rfc}) A strict parser ${strict}; ${lenient}.`,
        )
  return ['', ...lines.map((line) => `${side === 'request' ? '>' : '<'} ${line}`), ...contentLines(sent), ...verdict]
}

/** The strict parser's verdict on a head that the file stores as separate fields. */
function ownVerdict(sent: RecordedRequest | RecordedResponse): string {
  const fields: Field[] = [...sent.fields]
  const { minorVersion } = sent
  try {
    if ('method' in sent) parseRequest(requestHead(sent.method, sent.target, fields, { minorVersion }))
    else parseResponse(responseHead(sent.status, fields, { reason: sent.reason, minorVersion }))
    return 'a strict parser accepts it'
  } catch (error) {
    const { message: what } = error as Error
    return error instanceof ParseError
      ? `a strict parser refuses it: ${error.code}: ${what}`
      : `it cannot be written: ${what}`
  }
}

function contentLines({ content, contentBytes, isWhole }: RecordedRequest | RecordedResponse): string[] {
  if (contentBytes === 0) return []
  const shown = content.subarray(0, MOST_SHOWN)
  const text = Buffer.from(shown).toString('latin1').split('\n')
  const more = contentBytes - shown.length
  return [
    '|',
    ...text.map((line) => `| ${line}`),
    ...(more > 0 ? [`| … ${more} bytes more`] : []),
    ...(isWhole ? [] : ['| (not all of it is in the file)']),
  ]
}

/** Text without control characters, which a terminal would act upon. */
export function visible(text: string): string {
  return text.replaceAll(/[^\n -~\xa1-\uffff]/g, (c) =>
    c === '\r' ? '\\r' : c === '\t' ? '\\t' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
