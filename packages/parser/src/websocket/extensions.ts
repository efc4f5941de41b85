// The negotiation in Sec-WebSocket-Extensions; permessage-deflate is the only extension known here (RFC 7692).
import { isToken } from '../bytes.ts'
import { tokenList, unquote } from '../field-lists.ts'

/** One member of Sec-WebSocket-Extensions. */
export interface Extension {
  readonly name: string
  /** In wire order, including repeated ones; `true` for one without a value. */
  readonly params: readonly (readonly [name: string, value: string | true])[]
}

/**
 * Parses Sec-WebSocket-Extensions (RFC 6455 §9.1): the members in order of preference, or null when the value is malformed, in
 * which case the handshake must fail.
 */
export function parseExtensions(value: string): Extension[] | null {
  const extensions: Extension[] = []
  for (const member of tokenList(value)) {
    const extension = parseExtension(member)
    if (!extension) return null
    extensions.push(extension)
  }
  return extensions.length > 0 ? extensions : null
}

function parseExtension(member: string): Extension | null {
  const name = /^[^\t ;]*/.exec(member)![0]
  if (!isToken(name)) return null
  const params: [string, string | true][] = []
  const param = /[\t ]*;[\t ]*([^\t "=;]+)(?:=([^\t "=;]+|"(?:[^"\\]|\\.)*"))?/y
  for (param.lastIndex = name.length; param.lastIndex < member.length;) {
    const [, key, sent] = param.exec(member) ?? []
    const text = sent?.startsWith('"') ? unquote(sent) : sent
    // A quoted value must be a token, too, once it is unquoted.
    if (key === undefined || !isToken(key) || (text !== undefined && (text === null || !isToken(text)))) return null
    params.push([key, text ?? true])
  }
  return { name, params }
}

const deflateName = 'permessage-deflate'
const noServerContext = 'server_no_context_takeover'
const noClientContext = 'client_no_context_takeover'
const serverBits = 'server_max_window_bits'
const clientBits = 'client_max_window_bits'

/** What an offer of permessage-deflate, or its acceptance, says. RFC 7692 §7.1. */
interface DeflateParams {
  readonly serverNoContextTakeover: boolean
  readonly clientNoContextTakeover: boolean
  /** Undefined when missing, which means 15. */
  readonly serverMaxWindowBits: number | undefined
  /** `true`: the server may choose one for the client. Undefined: it may not. */
  readonly clientMaxWindowBits: number | true | undefined
}

/** The parameters of a permessage-deflate, or null when one is unknown, repeated, or has an invalid value. */
function deflateParams({ params }: Extension): DeflateParams | null {
  const said = new Map(params)
  if (said.size < params.length) return null
  for (const [name, value] of params) {
    const isFlag = name === noServerContext || name === noClientContext
    const isBits = name === serverBits || name === clientBits
    if (!(isFlag && value === true) && !(isBits && isWindowBits(value)) && !(name === clientBits && value === true))
      return null
  }
  const client = said.get(clientBits)
  return {
    serverNoContextTakeover: said.has(noServerContext),
    clientNoContextTakeover: said.has(noClientContext),
    serverMaxWindowBits: said.has(serverBits) ? Number(said.get(serverBits)) : undefined,
    clientMaxWindowBits: client === undefined || client === true ? client : Number(client),
  }
}

/** 8 to 15, without leading zeros (RFC 7692 §7.1.2). */
function isWindowBits(value: string | true): boolean {
  return value !== true && /^(?:[89]|1[0-5])$/.test(value)
}

/** A deflate extension that was agreed on. Messages do not share a context: see {@link acceptDeflate}. */
export interface AgreedDeflate {
  /** The value of Sec-WebSocket-Extensions in the response. */
  readonly answer: string
  /** The server's window is at most 2 to the power of this. */
  readonly serverMaxWindowBits: number
}

/**
 * A server's answer to offers: it accepts the first permessage-deflate that it understands (RFC 7692 §7.1), or none.
 * Neither side keeps a context from one message to the next: so each message can be inflated on its own, a message that goes to
 * many clients is compressed once, and an idle connection holds no memory for it.
 * @param smallestWindow the least window bits that the compressor supports. Default: 9, as in zlib.
 */
export function acceptDeflate(offers: readonly Extension[], smallestWindow: number = 9): AgreedDeflate | null {
  for (const offer of offers) {
    const params = offer.name === deflateName ? deflateParams(offer) : null
    const { serverMaxWindowBits } = params ?? {}
    if (!params || (serverMaxWindowBits ?? 15) < smallestWindow) continue
    const bits = serverMaxWindowBits === undefined ? '' : `; ${serverBits}=${serverMaxWindowBits}`
    const answer = `${deflateName}; ${noServerContext}; ${noClientContext}${bits}`
    return { answer, serverMaxWindowBits: serverMaxWindowBits ?? 15 }
  }
  return null
}

/** The offer of a client whose messages have no context, and that does not accept messages with context. */
export const deflateOffer: string = `${deflateName}; ${noServerContext}; ${noClientContext}`

/**
 * Whether a client may accept this answer to {@link deflateOffer}: one permessage-deflate that grants what was asked for, and
 * says nothing about the client's window (RFC 7692 §7.1.2.2). With any other answer it must fail the connection.
 */
export function isDeflateAnswer(value: string): boolean {
  const [extension, ...more] = parseExtensions(value) ?? []
  if (extension?.name !== deflateName || more.length > 0) return false
  const params = deflateParams(extension)
  return params !== null && params.serverNoContextTakeover && params.clientMaxWindowBits === undefined
}
