/** One event as it is sent; `data` that is not a string is sent as JSON. */
export interface EventFrame {
  /** The name that listeners use. Default: `message`. No line breaks. */
  readonly event?: string
  readonly data: unknown
  /** What the client sends as `Last-Event-ID` when it reconnects. No line breaks, no NUL. */
  readonly id?: string
  /** Milliseconds that a client waits before it reconnects. */
  readonly retry?: number
}

/** CR LF, CR and LF all end a line (HTML §9.2.5): text must be split at each of them, or it could forge fields. */
const lineEnd = /\r\n|\r|\n/

/** @throws TypeError when a name or id would break out of its line, or data has no JSON form; RangeError for an invalid `retry`. */
export function encodeEvent({ event, data, id, retry }: EventFrame): string {
  let text = ''
  if (event !== undefined) text += `event: ${oneLine('event', event)}\n`
  if (id !== undefined) text += `id: ${oneLine('id', id)}\n`
  if (retry !== undefined) {
    if (typeof retry !== 'number') throw new TypeError(`The retry of an event is a number, not ${typeof retry}`)
    if (!Number.isInteger(retry) || retry < 0) throw new RangeError(`Not a whole number of milliseconds: ${retry}`)
    text += `retry: ${retry}\n`
  }
  const content = typeof data === 'string' ? data : (JSON.stringify(data) as string | undefined)
  if (content === undefined) throw new TypeError(`A ${typeof data} has no JSON form`)
  for (const line of content.split(lineEnd)) text += `data: ${line}\n`
  return `${text}\n`
}

function oneLine(name: string, value: string): string {
  // A client ignores an id with NUL, and the event would be repeated forever.
  if (/[\r\n\0]/.test(value)) throw new TypeError(`The ${name} of an event is one line: ${JSON.stringify(value)}`)
  return value
}
