/**
 * HTTP/2 without a socket: frames, header compression, and the rules of a connection, for servers, clients, proxies and
 * tools. RFC 9113, RFC 7541, RFC 9218, RFC 8441.
 *
 * @module
 */
export { http2Faults, type Http2Fault, type Http2FaultCode } from './http2/errors.ts'
export { Field } from './http2/field.ts'
export { ErrorCode, FrameBuffer, FrameReader, FrameType, PREFACE } from './http2/frames.ts'
export { Http2Request, Http2Response, readRequest, readResponse, readTrailers, type HeadFault } from './http2/heads.ts'
export { HpackDecoder } from './http2/hpack-decoder.ts'
export { HpackEncoder } from './http2/hpack-encoder.ts'
export { defaultHttp2Limits, type Http2Limits } from './http2/limits.ts'
export { Http2Machine, MachineEvent } from './http2/machine.ts'
export { parsePriority, type Priority } from './http2/priority.ts'
export type { Http2Side } from './http2/sender.ts'
export type { Settings } from './http2/settings.ts'
export type { Http2Stream } from './http2/streams.ts'
