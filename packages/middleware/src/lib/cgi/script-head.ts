// The head of a script's reply (RFC 3875 §6.3).
import { HttpError, ReplyHeaders, isFinalStatus } from '@spillway/core'
import { trimBlanks } from '../http/trim-blanks.ts'

const LF = 0x0a
const CR = 0x0d

/** The head of a script's reply (RFC 3875 §6.3), read as its bytes come. Lines end in LF or CRLF. */
export class ScriptHeadReader {
  readonly #max: number
  readonly #parts: Uint8Array[] = []
  #size = 0
  /** Bytes in the line so far, and whether they are a single CR. */
  #column = 0
  #onlyCr = false

  /** @param max most bytes of a head, including the empty line at its end. */
  constructor(max: number) {
    this.#max = max
  }

  /**
   * Takes the next bytes.
   * @returns how many of them belong to the head when it is complete; undefined while it is not.
   * @throws HttpError 502 when it is too long.
   */
  push(bytes: Uint8Array): number | undefined {
    const end = this.#endIn(bytes)
    this.#size += end ?? bytes.length
    if (this.#size > this.#max || (end === undefined && this.#size === this.#max))
      throw badReply(`The head is longer than ${this.#max} bytes`)
    this.#parts.push(bytes.subarray(0, end))
    return end
  }

  #endIn(bytes: Uint8Array): number | undefined {
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== LF) {
        this.#onlyCr = this.#column === 0 && bytes[i] === CR
        this.#column++
        continue
      }
      if (this.#column === 0 || (this.#column === 1 && this.#onlyCr)) return i + 1
      this.#column = 0
    }
    return undefined
  }

  /** The parsed head. @throws HttpError 502 when a line is not a field, or a field that may come once comes twice. */
  read(): ScriptHead {
    const lines = Buffer.concat(this.#parts).toString('latin1').split('\n')
    const head: ScriptHead = { status: undefined, location: null, hasType: false, headers: new ReplyHeaders() }
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
      if (line !== '') addField(head, line)
    }
    return head
  }
}

/** The fields of a script's reply. */
export interface ScriptHead {
  /** Undefined when the script said nothing. */
  status: number | undefined
  location: string | null
  hasType: boolean
  /** Everything meant for the client: including Location and Content-Type, but not Status. */
  readonly headers: ReplyHeaders
}

/** Fields about the connection or the transfer are the server's own (§6.3.4). */
const withheld: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const once: ReadonlySet<string> = new Set(['status', 'location', 'content-type', 'content-length'])

function addField(head: ScriptHead, line: string): void {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(colon, 0))
  const value = trimBlanks(line.slice(colon + 1))
  const lower = name.toLowerCase()
  if (withheld.has(lower)) return
  if (once.has(lower) && (head.headers.has(name) || (lower === 'status' && head.status !== undefined)))
    throw badReply(`${name} comes twice`)
  if (lower === 'status') head.status = readStatus(value)
  else {
    try {
      head.headers.append(name, value)
    } catch (cause) {
      throw badReply('A line of the head is not a field', cause)
    }
  }
  if (lower === 'location') {
    if (value === '') throw badReply('Location is empty')
    head.location = value
  } else if (lower === 'content-type') head.hasType = true
}

/** Three digits and perhaps a reason (§6.3.3), which we replace with our own. */
function readStatus(value: string): number {
  const status = /^\d{3}(?= |$)/.exec(value)?.[0]
  if (status === undefined || !isFinalStatus(Number(status)))
    throw badReply(`Not a final status: ${JSON.stringify(value)}`)
  return Number(status)
}

/** The error for a script whose reply is not valid. */
export function badReply(message: string, cause?: unknown): HttpError {
  return new HttpError(502, `The script gave no valid reply: ${message}`, {
    code: 'SCRIPT_REPLY_INVALID',
    ...(cause !== undefined && { cause }),
  })
}
