// Advice on errors: why a message is rejected instead of being accepted anyway, and what to do about it.
import type { ParseErrorCode } from '@spillway/parser'
import type { Http2FaultCode } from '@spillway/parser/http2'
import type { WebSocketFailure } from '@spillway/parser/websocket'
import type { EndedBy } from './reasons.ts'

/** For a person who is looking at the error. */
export interface Advice {
  /** What could go wrong if it were accepted. */
  readonly why: string
  /** What to change, and where. */
  readonly todo: string
}

/** Every error code of the parsers. */
export type ErrorName = ParseErrorCode | Http2FaultCode | WebSocketFailure

const smuggling =
  'Two readers that disagree about where a message ends disagree about which request comes next: that is request smuggling.'
const lines = 'Readers differ on what ends a line, so one sees a field, or a request, where another sees a value.'
const limits = 'Without a limit, one client could use up the memory of the server.'
const limitOf = (name: string): string =>
  `Send less; or, if it is needed, raise the option limits.${name} of the server, and the limits of each proxy in front of it.`
const injected =
  'A control character in a field ends it early for some readers: whoever controls the value could add fields of their own.'
const chunks =
  'Correct the program that writes the chunks: size in hexadecimal, CR LF, that many bytes, CR LF; at the end 0 and an empty line. Most libraries do it by themselves.'
const oneLength =
  'Send either Content-Length or Transfer-Encoding: chunked, and each once. If a proxy adds one, let it remove the other.'
const library =
  'Update the HTTP/2 library of the client; if nothing else helps, this is a bug in it, to be reported with these bytes.'
const socketLibrary =
  'Update the WebSocket library of whoever has sent it; hand-written frames have to follow the section that is linked.'
const state =
  'From here on the two sides would disagree about what has been sent, so nothing that follows can be trusted.'
const heads =
  'Behind this server the request may go on as HTTP/1.1, where it would be read as something else, up to a second request.'
const effort = 'Work that costs the client nothing and the server much is how a single client takes a server down.'

/** For all codes: the compiler rejects a table that lacks one. */
export const advice: Readonly<Record<ErrorName, Advice>> = {
  // ── HTTP/1.1: lines and the request line ────────────────────────────────────────────────────────────────────────
  TOO_MANY_EMPTY_LINES: {
    why: 'A few empty lines in front of a request are tolerated; a stream of them keeps a connection busy with nothing.',
    todo: 'Look at what the client sends behind the content of the request before: often an additional CR LF.',
  },
  INVALID_LINE_END: {
    why: lines,
    todo: 'End each line with CR LF (0D 0A). Text editors, echo and printf without \\r write LF alone.',
  },
  LEADING_WHITESPACE: {
    why: 'Some readers skip such a line, others take it for a field: what one checks the other does not see.',
    todo: 'Begin the first field right behind the end of the request line.',
  },
  INVALID_METHOD: {
    why: 'It does not begin like HTTP. Most often it is another protocol, or content that was left over from a request before.',
    todo: 'If it begins with 16 03, the client speaks https to an http port. Otherwise compare the length of the content before it with its Content-Length.',
  },
  METHOD_TOO_LONG: { why: limits, todo: 'Use a method that exists; or raise limits.methodBytes for one of your own.' },
  INVALID_TARGET: {
    why: 'A space or an unusual byte in the target lets readers disagree about where it ends, and what the path is that is checked.',
    todo: 'Encode such bytes as %20 and the like. The whole URL is for proxies, a host and port for CONNECT, * for OPTIONS.',
  },
  HOST_MISSING: {
    why: 'Without Host nobody can tell which site is meant, and a cache could store the answer for another one.',
    todo: 'Add “Host: name” to each request of HTTP/1.1. By hand: curl does it by itself.',
  },
  HOST_REPEATED: {
    why: 'A proxy may route by the first Host and a server by the last: the request arrives at a site that nobody has checked.',
    todo: 'Send Host once. If a proxy sets it, let it replace the client’s instead of adding its own.',
  },
  HOST_INVALID: {
    why: 'What is put into links and caches unchecked lets a client write addresses of its choice into pages for others.',
    todo: 'Send a host name or an address, and perhaps a port: no path, no scheme, no user.',
  },
  TARGET_TOO_LONG: {
    why: limits,
    todo: `Move long data from the query to the content of a POST. ${limitOf('targetBytes')}`,
  },
  INVALID_VERSION: {
    why: 'The request line has no version where it belongs, so everything behind it may be misread.',
    todo: 'End the request line with HTTP/1.1. An unencoded space in the target has the same effect: encode it as %20.',
  },
  VERSION_UNSUPPORTED: {
    why: 'Another major version has other rules for all that follows.',
    todo: 'Speak HTTP/1.1 or 1.0 here. HTTP/2 begins with a preface of its own, or is agreed on in TLS (ALPN).',
  },
  INVALID_STATUS: {
    why: 'The status decides whether content follows: if it cannot be read, the next response cannot be found.',
    todo: 'Correct the server that sends it: HTTP/1.1, a space, three digits, a space.',
  },
  INVALID_REASON: {
    why: injected,
    todo: 'Leave the reason phrase empty, or use printable characters. Nobody reads it.',
  },
  // ── fields ──────────────────────────────────────────────────────────────────────────────────────────────────────
  INVALID_FIELD_NAME: {
    why: 'Some programs drop such a field and others keep it, or change the name: filters in between can be bypassed that way.',
    todo: 'Use letters, digits and hyphens in field names.',
  },
  COLON_MISSING: {
    why: 'A line without a colon is ignored by some readers, and ends the head for others.',
    todo: 'Write each field as “Name: value”. If it is content, an empty line is missing in front of it.',
  },
  FIELD_NAME_WHITESPACE: {
    why: `“Content-Length :” counts for some readers and not for others. ${smuggling}`,
    todo: 'Remove the space in front of the colon.',
  },
  INVALID_FIELD_VALUE: {
    why: injected,
    todo: 'Encode values that come from users: with encodeURIComponent, or as RFC 8187 says. Look for CR, LF and NUL in them.',
  },
  OBSOLETE_FOLDING: {
    why: 'Values over several lines were given up: readers put them together in different ways, or see two fields.',
    todo: 'Write the value in one line.',
  },
  FIELD_LINE_TOO_LONG: { why: limits, todo: `Most often a cookie or a token has grown. ${limitOf('fieldLineBytes')}` },
  TOO_MANY_FIELDS: {
    why: limits,
    todo: `Look for a proxy that adds fields each time a request passes. ${limitOf('fields')}`,
  },
  HEAD_TOO_LARGE: { why: limits, todo: `Most often many cookies. ${limitOf('headBytes')}` },
  // ── framing ─────────────────────────────────────────────────────────────────────────────────────────────────────
  LENGTH_INVALID: { why: smuggling, todo: 'Send Content-Length as decimal digits alone: no sign, no unit, no list.' },
  LENGTH_TOO_LARGE: {
    why: 'A number that is too large for a reader wraps around to a small one. Then the rest of the content is read as requests.',
    todo: 'Send the real length. For content of unknown length, use Transfer-Encoding: chunked.',
  },
  LENGTH_CONFLICT: { why: smuggling, todo: oneLength },
  CODING_INVALID: {
    why: smuggling,
    todo: 'Send Transfer-Encoding: chunked, once and with nothing else. gzip belongs in Content-Encoding.',
  },
  CODING_WITH_LENGTH: {
    why: `A proxy that goes by the length and a server that goes by the chunks, or the other way round: ${smuggling.toLowerCase()}`,
    todo: oneLength,
  },
  CODING_UNSUPPORTED: {
    why: smuggling,
    todo: 'Send Transfer-Encoding: chunked alone. gzip and br belong in Content-Encoding.',
  },
  CODING_IN_HTTP10: {
    why: `HTTP/1.0 knows no chunks, so an old proxy passes them on as content. ${smuggling}`,
    todo: 'Use HTTP/1.1, or Content-Length.',
  },
  CHUNK_SIZE_INVALID: { why: smuggling, todo: chunks },
  CHUNK_END_INVALID: { why: smuggling, todo: `The chunk is longer or shorter than its size says. ${chunks}` },
  CHUNK_SIZE_TOO_LARGE: {
    why: 'A size that is too large for a reader wraps around to a small one. Then the rest of the chunk is read as requests.',
    todo: chunks,
  },
  CHUNK_OVERHEAD_TOO_LARGE: {
    why: effort,
    todo: 'Write larger chunks: a buffer of some kilobytes in front of the socket, instead of a chunk for each byte.',
  },
  CHUNK_EXT_INVALID: {
    why: `Readers look for the end of an extension in different ways. ${smuggling}`,
    todo: 'Leave chunk extensions out: hardly anybody reads them.',
  },
  CHUNK_EXT_TOO_LARGE: {
    why: limits,
    todo: `Leave chunk extensions out: hardly anybody reads them. ${limitOf('extensionBytes')}`,
  },
  TRAILERS_TOO_LARGE: { why: limits, todo: limitOf('trailerBytes') },
  TOO_MANY_TRAILERS: { why: limits, todo: limitOf('trailerFields') },
  MESSAGE_INCOMPLETE: {
    why: 'The connection ended first. What came may be half of an upload or of a page, so it must not be taken for all of it.',
    todo: 'Look at why the sender ended: a crash, a timeout, or a Content-Length larger than the content.',
  },
  RESPONSE_MISSING: {
    why: 'The client cannot know whether the request was carried out.',
    todo: 'Look at the log of the server. A request that changes nothing (GET, HEAD, PUT, DELETE) may be sent again.',
  },
  UNEXPECTED_RESPONSE: {
    why: 'If it were taken as the answer to the next request, every answer from there on would go to the wrong one.',
    todo: 'Look at the request before: did the server answer twice, or send content for HEAD, 204 or 304?',
  },
  MESSAGE_AFTER_CLOSE: {
    why: 'A side that has said “Connection: close” sends nothing more: what follows may be content that was counted wrongly.',
    todo: 'Send the next request on a new connection, or leave “Connection: close” out.',
  },
  // ── HTTP/2 ──────────────────────────────────────────────────────────────────────────────────────────────────────
  PREFACE_INVALID: {
    why: 'Without the preface it is not HTTP/2, whatever the frames would say.',
    todo: 'Begin with “PRI * HTTP/2.0”. A client that is told to speak HTTP/1.1 must not be sent to a port for HTTP/2 only.',
  },
  SETTINGS_MISSING: { why: state, todo: `The first frame has to be SETTINGS, even if it is empty. ${library}` },
  FRAME_TOO_LARGE: {
    why: limits,
    todo: `Keep to SETTINGS_MAX_FRAME_SIZE of the other side: 16,384 bytes until it says otherwise. ${library}`,
  },
  FRAME_SIZE_INVALID: { why: state, todo: library },
  STREAM_MISSING: { why: state, todo: `HEADERS and DATA need the number of a stream. ${library}` },
  STREAM_UNEXPECTED: { why: state, todo: `SETTINGS, PING and GOAWAY are for stream 0. ${library}` },
  STREAM_IDLE: { why: state, todo: `Open a stream with HEADERS before anything else is sent on it. ${library}` },
  STREAM_ID_INVALID: {
    why: state,
    todo: `Clients count their streams 1, 3, 5 and so on, and use none twice. ${library}`,
  },
  STREAM_NOT_OPEN: { why: state, todo: `Send nothing on a stream behind END_STREAM or RST_STREAM. ${library}` },
  PADDING_INVALID: {
    why: 'A length that leads out of its frame would read bytes that belong to something else.',
    todo: library,
  },
  BLOCK_INTERRUPTED: {
    why: 'The fields of all streams share one table: with a frame in between, it would be different on the two sides.',
    todo: `Send CONTINUATION right behind its HEADERS. ${library}`,
  },
  CONTINUATION_UNEXPECTED: { why: state, todo: `CONTINUATION follows only HEADERS without END_HEADERS. ${library}` },
  PUSH_NOT_ALLOWED: {
    why: 'A client may not push, and a server only where the client has allowed it.',
    todo: 'Turn server push off: browsers have given it up. Use 103 Early Hints instead.',
  },
  BLOCK_TOO_LARGE: { why: limits, todo: `Most often many cookies. ${limitOf('headBytes')}` },
  COMPRESSION_INVALID: {
    why: 'The tables of the two sides differ from here on, so that every later field would be another one.',
    todo: library,
  },
  WINDOW_EXCEEDED: { why: limits, todo: `Wait for WINDOW_UPDATE before more content is sent. ${library}` },
  WINDOW_OVERFLOW: { why: state, todo: `Widen a window by what was read, and not more. ${library}` },
  INCREMENT_ZERO: { why: effort, todo: library },
  SETTING_INVALID: { why: state, todo: library },
  SETTING_WINDOW_INVALID: { why: state, todo: library },
  DEPENDENCY_INVALID: { why: state, todo: 'Leave priorities of RFC 7540 out: they were given up.' },
  PRIORITY_INVALID: { why: state, todo: `PRIORITY_UPDATE is sent by clients, for requests. ${library}` },
  PSEUDO_FIELD_INVALID: {
    why: heads,
    todo: 'Send :method, :scheme, :authority and :path once, and in front of all other fields.',
  },
  PSEUDO_FIELD_MISSING: {
    why: heads,
    todo: 'A request needs :method, :scheme and :path; CONNECT needs :method and :authority.',
  },
  PSEUDO_FIELD_VALUE_INVALID: {
    why: heads,
    todo: 'Encode spaces and control characters in :path, and begin it with a slash.',
  },
  FIELD_NAME_MALFORMED: { why: heads, todo: 'Write field names in lower case, with letters, digits and hyphens.' },
  FIELD_VALUE_MALFORMED: {
    why: heads,
    todo: 'Encode values that come from users. Look for CR, LF and NUL in them, and trim spaces.',
  },
  CONNECTION_FIELD: {
    why: heads,
    todo: 'Leave Connection, Keep-Alive, Transfer-Encoding and Upgrade out; a proxy has to remove them.',
  },
  TUNNEL_INTERRUPTED: { why: state, todo: library },
  LENGTH_MALFORMED: {
    why: heads,
    todo: 'Send Content-Length once, as decimal digits alone, or leave it out: HTTP/2 does not need it.',
  },
  LENGTH_WRONG: {
    why: heads,
    todo: 'Let Content-Length be the length of what is sent, in bytes and not in characters; or leave it out.',
  },
  RESPONSE_INVALID: {
    why: heads,
    todo: 'Correct the server that sends it: :status with three digits, in front of all other fields.',
  },
  RESPONSE_HEAD_MISSING: { why: state, todo: library },
  TRAILERS_INVALID: { why: state, todo: `Set END_STREAM on the HEADERS behind the content. ${library}` },
  INTERIM_INVALID: { why: state, todo: 'A status of 1xx is followed by another head; 101 does not exist in HTTP/2.' },
  TRAILER_LIST_TOO_LARGE: { why: limits, todo: limitOf('trailerBytes') },
  ABUSE: {
    why: effort,
    todo: 'Look at what the client does: resetting requests at once, empty frames, PING or SETTINGS without end. A healthy client comes nowhere near that.',
  },
  // ── WebSocket ───────────────────────────────────────────────────────────────────────────────────────────────────
  RESERVED_BIT_SET: {
    why: 'The bit belongs to an extension, most often compression, that the two have not agreed on.',
    todo: `Compare Sec-WebSocket-Extensions of request and response. ${socketLibrary}`,
  },
  OPCODE_UNKNOWN: { why: state, todo: socketLibrary },
  MASK_MISSING: {
    why: 'Frames of browsers are masked so that a page cannot write bytes that a proxy in between takes for a request.',
    todo: `A client masks each frame with four new random bytes. ${socketLibrary}`,
  },
  MASK_UNEXPECTED: { why: state, todo: `A server masks nothing. ${socketLibrary}` },
  LENGTH_NOT_MINIMAL: { why: 'Two spellings of one length are two readings of one frame.', todo: socketLibrary },
  CONTROL_TOO_LONG: { why: limits, todo: `Keep Ping, Pong and Close to 125 bytes. ${socketLibrary}` },
  CONTROL_FRAGMENTED: { why: state, todo: socketLibrary },
  FRAGMENT_UNEXPECTED: {
    why: state,
    todo: `The first frame of a message has its type; only those behind it are continuations. ${socketLibrary}`,
  },
  FRAGMENT_EXPECTED: { why: state, todo: `End a message (FIN) before the next one begins. ${socketLibrary}` },
  CLOSE_CODE_INVALID: {
    why: state,
    todo: 'Close with 1000, with another code of RFC 6455 §7.4.1, or with one of your own from 4000 to 4999.',
  },
  REASON_NOT_UTF8: {
    why: 'Text that is not UTF-8 is read in different ways.',
    todo: 'Cut the reason of a close between characters: 123 bytes fit, not 123 characters.',
  },
  TEXT_NOT_UTF8: {
    why: 'Text that is not UTF-8 is read in different ways.',
    todo: 'Send binary data in binary messages, and cut text between characters only.',
  },
  DEFLATE_INVALID: { why: state, todo: `Turn permessage-deflate off to see whether it is the cause. ${socketLibrary}` },
  MESSAGE_TOO_LARGE: {
    why: limits,
    todo: 'Send it in parts or over HTTP; or raise the option messageBytes of websocket().',
  },
  INFLATED_TOO_MUCH: {
    why: 'A few bytes that become gigabytes take a server down.',
    todo: 'Send such content without compression.',
  },
  TOO_MANY_FRAGMENTS: { why: effort, todo: 'Send a message in fewer and larger frames.' },
}

/** What to do about this kind of end: adds to the sentence in reasons.ts, and says where to read more. */
export interface EndAdvice {
  /** Empty where nothing is wrong. */
  readonly todo: string
  readonly rfc: string
}

const raise = (name: string): string => `If such clients are welcome, raise timeouts.${name}.`

/** For all reasons: the compiler rejects a table that lacks one. */
export const endAdvice: Readonly<Record<EndedBy, EndAdvice>> = {
  'client-closed': { todo: '', rfc: 'RFC 9112 §9.6' },
  'client-gone': {
    todo: 'Somebody may have closed a tab. If it happens often, look at how long the handler took, and at the time limits of the client and of each proxy.',
    rfc: 'RFC 9112 §9.6',
  },
  'client-reset': {
    todo: 'A crash, a closed tab, a firewall or a health check that does not say goodbye: the address of the client tells which.',
    rfc: 'RFC 9293 §3.5.2',
  },
  'network-error': {
    todo: 'A phone without reception, a laptop that sleeps, or a firewall that has forgotten the connection: shorten timeouts.keepAlive if there are many.',
    rfc: 'RFC 9293 §3.8.3',
  },
  'http-1.0': { todo: '', rfc: 'RFC 9112 §9.3' },
  'head-too-large': {
    todo: 'Most often cookies have grown. If so much is needed, raise limits.headBytes, and the limits of each proxy in front.',
    rfc: 'RFC 6585 §5',
  },
  'tunnel-timeout': {
    todo: `Send pings over a WebSocket that may be silent for long. ${raise('tunnel')}`,
    rfc: 'RFC 9110 §7.8',
  },
  'client-asked': { todo: '', rfc: 'RFC 9112 §9.6' },
  'reply-asked': { todo: '', rfc: 'RFC 9112 §9.6' },
  'max-requests': { todo: '', rfc: 'RFC 9112 §9.3' },
  'unread-content': { todo: '', rfc: 'RFC 9112 §9.3' },
  'parse-error': { todo: 'Look at the byte that is marked, and at what is said about its code.', rfc: 'RFC 9112 §2.2' },
  abuse: {
    todo: 'Look at the address of the client. Behind a proxy it may be the proxy: then change its settings for HTTP/2.',
    rfc: 'RFC 9113 §10.5',
  },
  'tls-error': {
    todo: 'Compare the versions, the certificate and the names that both sides know: openssl s_client -connect host:port says what the server offers.',
    rfc: 'RFC 8446 §6.2',
  },
  'handshake-timeout': {
    todo: `A scanner or a health check that only connects is harmless. ${raise('handshake')}`,
    rfc: 'RFC 8446 §2',
  },
  'proxy-error': {
    todo: 'Turn the PROXY protocol on, on both sides or on none, and let only the proxy reach this port.',
    rfc: 'RFC 9112 §11',
  },
  'handler-error': {
    todo: 'Look at the log for the error: it came when the status had been sent already, so that it could not become a 500.',
    rfc: 'RFC 9112 §8',
  },
  'keep-alive-timeout': { todo: '', rfc: 'RFC 9112 §9.3' },
  'head-timeout': {
    todo: `A browser that connects in advance does so, too, and is harmless. ${raise('head')}`,
    rfc: 'RFC 9112 §9.5',
  },
  'body-timeout': { todo: `A slow phone or a stalled upload. ${raise('bodyIdle')}`, rfc: 'RFC 9112 §9.5' },
  'write-timeout': {
    todo: `A client that reads nothing holds memory of the server. ${raise('writeStall')}`,
    rfc: 'RFC 9112 §9.5',
  },
  'request-timeout': { todo: `Look at which layer took the time. ${raise('request')}`, rfc: 'RFC 9112 §9.5' },
  overload: {
    todo: 'Add servers or processes; or raise limits.connections where there is memory for more, or limits.connectionsPerAddress behind a proxy.',
    rfc: 'RFC 9110 §15.6.4',
  },
  memory: {
    todo: 'Send large replies as streams that wait for their reader, and look at what is held for each client: limits.bufferedBytes is the bound.',
    rfc: 'RFC 9110 §15.6.4',
  },
  shutdown: { todo: '', rfc: 'RFC 9112 §9.6' },
  upgraded: { todo: '', rfc: 'RFC 9110 §7.8' },
  'server-closed': { todo: '', rfc: 'RFC 9112 §9.6' },
  'server-reset': {
    todo: 'Look at the log of the server. A server that closes while content is still arriving resets the connection, and its answer may be lost.',
    rfc: 'RFC 9112 §9.6',
  },
  'not-recorded': { todo: '', rfc: 'RFC 9112 §9' },
}

/** Undefined for a code that this page does not know yet: the server may be newer. */
export function adviceOn(code: string): Advice | undefined {
  return Object.hasOwn(advice, code) ? advice[code as ErrorName] : undefined
}
