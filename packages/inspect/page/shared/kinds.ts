// The kinds of tokens, explained.
import type { Token, TokenKind } from '../../src/model/tokens.ts'

/** Describes a kind of token to a user who points at one. */
export interface KindText {
  readonly name: string
  readonly sentence: string
  /** `RFC 9112 §3.1`; empty if no section is about it. */
  readonly rfc: string
}

export const kinds: Readonly<Record<TokenKind, KindText>> = {
  method: { name: 'Method', sentence: 'What the client wants done. Case counts.', rfc: 'RFC 9110 §9.1' },
  target: {
    name: 'Request target',
    sentence: 'What it wants it done to: most often a path and a query.',
    rfc: 'RFC 9112 §3.2',
  },
  version: {
    name: 'Version',
    sentence: 'The protocol version; HTTP/1.0 knows neither Host nor chunks.',
    rfc: 'RFC 9112 §2.3',
  },
  status: { name: 'Status', sentence: 'How it went, in three digits; the first is the class.', rfc: 'RFC 9110 §15' },
  reason: { name: 'Reason phrase', sentence: 'The status in words. Nobody may rely on it.', rfc: 'RFC 9112 §4' },
  name: {
    name: 'Field name',
    sentence: 'A token, without regard to case, right in front of its colon.',
    rfc: 'RFC 9110 §5.1',
  },
  value: {
    name: 'Field value',
    sentence: 'Opaque to the server’s core; the whitespace around it does not count.',
    rfc: 'RFC 9110 §5.5',
  },
  known: {
    name: 'Value that decides',
    sentence: 'Where the message ends, which site it is for, or whether the connection lasts.',
    rfc: 'RFC 9112 §6.3',
  },
  mark: { name: 'Between tokens', sentence: 'A space, a colon, or the whitespace around a value.', rfc: 'RFC 9112 §5' },
  eol: {
    name: 'Line end',
    sentence: 'CR LF, both of them. LF alone is refused: not everybody takes it for a line end.',
    rfc: 'RFC 9112 §2.2',
  },
  end: {
    name: 'Empty line',
    sentence: 'The fields are over. Content follows, or the next message.',
    rfc: 'RFC 9112 §2.1',
  },
  size: {
    name: 'Chunk size',
    sentence: 'So many bytes of data follow, in hexadecimal. 0 is the last chunk.',
    rfc: 'RFC 9112 §7.1',
  },
  extension: { name: 'Chunk extension', sentence: 'Allowed, checked, and of no meaning here.', rfc: 'RFC 9112 §7.1.1' },
  data: { name: 'Content', sentence: 'What the message carries, just as it is.', rfc: 'RFC 9112 §6' },
  wrong: { name: 'The wrong byte', sentence: 'The first byte that proves that this is not valid.', rfc: '' },
  smuggled: {
    name: 'Smuggled',
    sentence: 'A strict reader never comes here; a lenient one takes these bytes for another message.',
    rfc: 'RFC 9112 §11.2',
  },
  rest: { name: 'Not read', sentence: 'Nobody reads these bytes as HTTP.', rfc: '' },
  length: {
    name: 'Length of a frame',
    sentence: 'So many bytes belong to the frame behind its head.',
    rfc: 'RFC 9113 §4.1',
  },
  frame: {
    name: 'Type of a frame',
    sentence: 'What the frame is for: fields, content, a window, a ping. WebSocket has it in one byte with its flags.',
    rfc: 'RFC 9113 §6',
  },
  flags: {
    name: 'Flags',
    sentence: 'Single bits: the stream ends here, the fields are complete, padding follows.',
    rfc: 'RFC 9113 §4.1',
  },
  stream: {
    name: 'Stream',
    sentence: 'Which of the requests under way the frame belongs to; 0 is the connection itself.',
    rfc: 'RFC 9113 §5.1.1',
  },
  block: {
    name: 'Compressed fields',
    sentence: 'HPACK: numbers of fields that both sides know, and texts that they do not.',
    rfc: 'RFC 7541 §6',
  },
  mask: {
    name: 'Mask',
    sentence: 'Four bytes that a client mixes into its content, so that nobody on the way takes it for HTTP.',
    rfc: 'RFC 6455 §5.3',
  },
  payload: { name: 'Payload', sentence: 'What a frame carries beside fields and content.', rfc: 'RFC 9113 §4.1' },
}

/** Sections about individual fields. */
const fieldSections: Readonly<Record<string, string>> = {
  host: 'RFC 9112 §3.2',
  'content-length': 'RFC 9110 §8.6',
  'transfer-encoding': 'RFC 9112 §6.1',
  connection: 'RFC 9110 §7.6.1',
  upgrade: 'RFC 9110 §7.8',
  expect: 'RFC 9110 §10.1.1',
  trailer: 'RFC 9110 §6.6.2',
}

/** Describes a token; for the value of a field, with the section about that field. */
export function describe(tokens: readonly Token[], index: number, text: (token: Token) => string): KindText {
  const kind = kinds[tokens[index]!.kind]
  if (tokens[index]!.kind !== 'known') return kind
  const name = tokens.slice(0, index).findLast((token) => token.kind === 'name')
  const field = name ? text(name) : ''
  return { ...kind, name: `Value of ${field}`, rfc: fieldSections[field.toLowerCase()] ?? kind.rfc }
}

/** The URL of a section: `RFC 9112 §3.1`. */
export function rfcUrl(rfc: string): string {
  const [, number, section] = /^RFC (\d+) §([\d.]+)$/.exec(rfc) ?? []
  return `https://www.rfc-editor.org/rfc/rfc${number}#section-${section}`
}
