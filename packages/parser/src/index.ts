/**
 * A strict, incremental HTTP/1.1 parser for any JavaScript runtime. RFC 9110 and RFC 9112.
 *
 * @module
 */
export { BodyDecoder, BodyEvent } from './body.ts'
export { decodeLatin1, type DecodeLatin1 } from './bytes.ts'
export { ParseError, parseErrors, type ParseErrorCode, type ParseErrorInfo } from './errors.ts'
export { BodyKind } from './framing.ts'
export { Expectation, parseRequest, RequestHead } from './request-head.ts'
export { defaultBodyLimits, defaultHeadLimits, type BodyLimits, type HeadLimits } from './limits.ts'
export type { ParsedHead } from './message-head.ts'
export { MessageParser, type ParserEvent } from './message-parser.ts'
export { parseResponse, ResponseHead } from './response-head.ts'
export type { HeadSnapshot, ResponseSnapshot } from './snapshot.ts'
export { TargetForm } from './target.ts'
