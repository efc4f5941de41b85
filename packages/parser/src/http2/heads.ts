// HTTP/2 heads (RFC 9113 §8.3): pseudo-fields and fields become requests, responses and trailers.
import { consistsOf, encode, isToken, SCHEME, SLASH, TARGET } from '../bytes.ts'
import type { ParseErrorCode } from '../errors.ts'
import type { Expectation } from '../request-head.ts'
import type { HeadLimits } from '../limits.ts'
import type { Http2Limits } from './limits.ts'
import { ASTERISK, AUTHORITY, MAX_LENGTH_DIGITS, ORIGIN, VALID } from '../numbers.ts'
import { isAuthority, scanAuthority, splitAuthority, type TargetForm } from '../target.ts'
import { isTrailerField } from '../trailer-names.ts'
import type { Http2FaultCode } from './errors.ts'
import { FieldList } from './field-list.ts'
import { Field } from './field.ts'
import {
  FINE,
  INVALID_VALUE,
  MALFORMED_NAME,
  N_AUTHORITY,
  N_CONNECTION,
  N_COOKIE,
  N_EXPECT,
  N_HOST,
  N_LENGTH,
  N_METHOD,
  N_PATH,
  N_PRIORITY,
  N_PROTOCOL,
  N_SCHEME,
  N_STATUS,
  N_TE,
  N_UPGRADE,
} from './numbers.ts'
import { defaultPriority, parsePriority, type Priority } from './priority.ts'

/*
 * Interprets the fields of a block together, in one pass (RFC 9113 §8). Two kinds of faults are possible. What HTTP/2 calls
 * malformed has a code of its own, and resets the stream. What HTTP/1.1 would refuse as well has the same code as there,
 * and is answered with its status: nothing that is refused there is accepted here.
 */

/** Why a block is not a valid head. */
export type HeadFault = Http2FaultCode | ParseErrorCode

/** The head of a request. */
export class Http2Request extends FieldList {
  readonly method: string
  /** What would be in the request line of HTTP/1.1: the path with its query, `*`, or the authority for CONNECT. */
  readonly target: string
  readonly targetForm: TargetForm
  readonly scheme: string
  /** The protocol that an extended CONNECT asks for (RFC 8441 §4); otherwise empty. */
  readonly protocol: string
  /** As in HTTP/1.1, whose semantics these are. */
  readonly minorVersion = 1 as const
  readonly expectation: Expectation
  /** Content-Length, or -1 without it. */
  readonly contentLength: number
  readonly priority: Priority
  /** Bytes that the head would have in HTTP/1.1, to which its limits apply. */
  readonly bytes: number

  constructor(scan: Scan, fields: readonly Field[], target: string, form: TargetForm, bytes: number) {
    super(fields)
    this.method = scan.method!
    this.target = target
    this.targetForm = form
    this.scheme = scan.scheme ?? ''
    this.protocol = scan.protocol ?? ''
    this.expectation = scan.expectation
    this.contentLength = scan.length
    this.priority = scan.priority === undefined ? defaultPriority : parsePriority(scan.priority)
    this.bytes = bytes
  }
}

/** The head of a response. */
export class Http2Response extends FieldList {
  readonly status: number
  /** Content-Length, or -1 without it. */
  readonly contentLength: number

  constructor(status: number, fields: readonly Field[], contentLength: number) {
    super(fields)
    this.status = status
    this.contentLength = contentLength
  }
}

/** What has been read of a block so far. */
interface Scan {
  method: string | undefined
  path: string | undefined
  scheme: string | undefined
  authority: string | undefined
  protocol: string | undefined
  status: string | undefined
  host: string | undefined
  cookie: string | undefined
  length: number
  expectation: Expectation
  /** The lines of Priority together, as a list. */
  priority: string | undefined
  /** Fields, but for Host and Cookie. */
  readonly fields: Field[]
  /** Number of field lines; each part of a split Cookie counts as one. */
  lines: number
}

function scanOf(list: readonly Field[], isRequest: boolean, limits: HeadLimits): Scan | HeadFault {
  const scan: Scan = {
    method: undefined,
    path: undefined,
    scheme: undefined,
    authority: undefined,
    protocol: undefined,
    status: undefined,
    host: undefined,
    cookie: undefined,
    length: -1,
    expectation: 0,
    priority: undefined,
    fields: [],
    lines: 0,
  }
  let isPseudo = true
  for (const field of list) {
    const { _id: id } = field
    if (field._fault !== FINE) return faultOf(field)
    if (field.name.length + field.value.length + 2 > limits.fieldLineBytes) return 'FIELD_LINE_TOO_LONG'
    if (field.name.charCodeAt(0) === 0x3a) {
      if (!isPseudo || !takePseudo(scan, field, isRequest)) return 'PSEUDO_FIELD_INVALID'
      continue
    }
    isPseudo = false
    if (++scan.lines > limits.fields) return 'TOO_MANY_FIELDS'
    if (id !== 0) {
      const fault = takeField(scan, field, isRequest)
      if (fault !== undefined) return fault
      if (isRequest && (id === N_HOST || id === N_COOKIE)) continue
    }
    scan.fields.push(field)
  }
  return scan
}

function faultOf(field: Field): HeadFault {
  if (field._fault === MALFORMED_NAME) return 'FIELD_NAME_MALFORMED'
  return field._fault === INVALID_VALUE ? 'INVALID_FIELD_VALUE' : 'FIELD_VALUE_MALFORMED'
}

/** False when it is unknown, not for this kind of head, or repeated. */
function takePseudo(scan: Scan, { _id: id, value }: Field, isRequest: boolean): boolean {
  if (!isRequest) {
    const isFirst = id === N_STATUS && scan.status === undefined
    scan.status = value
    return isFirst
  }
  switch (id) {
    case N_METHOD:
      if (scan.method !== undefined) return false
      scan.method = value
      return true
    case N_PATH:
      if (scan.path !== undefined) return false
      scan.path = value
      return true
    case N_SCHEME:
      if (scan.scheme !== undefined) return false
      scan.scheme = value
      return true
    case N_AUTHORITY:
      if (scan.authority !== undefined) return false
      scan.authority = value
      return true
    case N_PROTOCOL:
      if (scan.protocol !== undefined) return false
      scan.protocol = value
      return true
    default:
      return false
  }
}

/** RFC 9113 §8.2.2: of TE one value means something here. */
function isOfConnection({ _id: id, value }: Field): boolean {
  return (id >= N_CONNECTION && id <= N_UPGRADE) || (id === N_TE && value.toLowerCase() !== 'trailers')
}

function takeField(scan: Scan, field: Field, isRequest: boolean): HeadFault | undefined {
  const { _id: id, value } = field
  if (isOfConnection(field)) return 'CONNECTION_FIELD'
  if (id === N_LENGTH) {
    const isNumber = value.length <= MAX_LENGTH_DIGITS && /^\d+$/.test(value) && Number.isSafeInteger(Number(value))
    if (scan.length >= 0 || !isNumber) return 'LENGTH_MALFORMED'
    scan.length = Number(value)
  }
  if (!isRequest) return undefined
  if (id === N_HOST) {
    if (scan.host !== undefined) return 'HOST_REPEATED'
    scan.host = value
    // Split only for better compression (RFC 9113 §8.2.3).
  } else if (id === N_COOKIE) scan.cookie = scan.cookie === undefined ? value : `${scan.cookie}; ${value}`
  else if (id === N_EXPECT) scan.expectation = expectationOf(value, scan.expectation)
  else if (id === N_PRIORITY) scan.priority = scan.priority === undefined ? value : `${scan.priority}, ${value}`
  return undefined
}

/** RFC 9110 §10.1.1: an expectation that is not understood counts, whatever else is there. */
function expectationOf(value: string, before: Expectation): Expectation {
  let expectation = before
  for (const member of value.split(',').map((text) => text.trim().toLowerCase()))
    if (member === '100-continue') expectation ||= 1
    else if (member !== '') expectation = 2
  return expectation
}

/** An authority that was found to be one: those of a connection are mostly the same. */
let knownAuthority: string | undefined

/**
 * Makes the head of a request from the fields of a block. RFC 9113 §8.3.1.
 *
 * @param canConnect whether SETTINGS_ENABLE_CONNECT_PROTOCOL was announced, which allows `:protocol` (RFC 8441 §3)
 */
export function readRequest(
  list: readonly Field[],
  limits: HeadLimits,
  canConnect: boolean = false,
): Http2Request | HeadFault {
  const scan = scanOf(list, true, limits)
  if (typeof scan === 'string') return scan
  const { method, host, authority = host, cookie } = scan
  if (method === undefined) return 'PSEUDO_FIELD_MISSING'
  if (method !== 'GET' && !isToken(method)) return 'INVALID_METHOD'
  if (method.length > limits.methodBytes) return 'METHOD_TOO_LONG'
  const fault = pseudoFault(scan, canConnect)
  if (fault !== undefined) return fault
  if (authority === undefined) return 'HOST_MISSING'
  if (host === undefined && scan.lines === limits.fields) return 'TOO_MANY_FIELDS'
  // Two names for one resource: whoever is behind us might believe the other one.
  if (host !== undefined && host !== authority && !isSamePlace(host, authority, scan.scheme)) return 'HOST_INVALID'
  if (authority !== knownAuthority) {
    if (!isAuthority(authority)) return 'HOST_INVALID'
    knownAuthority = authority
  }
  const isTunnel = method === 'CONNECT' && scan.protocol === undefined
  const target = isTunnel ? authority : scan.path!
  if (target.length > limits.targetBytes) return 'TARGET_TOO_LONG'
  if (!consistsOf(target, TARGET)) return 'INVALID_TARGET'
  if (isTunnel && scanAuthority(encode(target), 0, target.length, true) !== VALID) return 'INVALID_TARGET'
  const fields = [new Field('host', authority), ...scan.fields]
  if (cookie !== undefined) {
    if (cookie.length + 8 > limits.fieldLineBytes) return 'FIELD_LINE_TOO_LONG'
    fields.push(new Field('cookie', cookie))
  }
  // the spaces, the version and the line end of the request line, and the empty line
  let bytes = method.length + target.length + 14
  for (const { name, value } of fields) bytes += name.length + value.length + 4
  if (bytes > limits.headBytes) return 'HEAD_TOO_LARGE'
  const form = isTunnel ? AUTHORITY : target === '*' ? ASTERISK : ORIGIN
  return new Http2Request(scan, fields, target, form, bytes)
}

/** Whether two authorities are equal once they are normalized (RFC 9113 §8.3.1): in the case of letters, and without the port of the scheme. */
function isSamePlace(one: string, other: string, scheme: string | undefined): boolean {
  const port = scheme === 'https' ? 443 : scheme === 'http' ? 80 : -1
  const first = splitAuthority(one.toLowerCase(), port)
  const second = splitAuthority(other.toLowerCase(), port)
  return first !== null && first.host === second?.host && first.port === second.port
}

/** What is wrong with the pseudo-fields together. */
function pseudoFault({ method, path, scheme, authority, protocol }: Scan, canConnect: boolean): HeadFault | undefined {
  if (protocol !== undefined && (!canConnect || method !== 'CONNECT')) return 'PSEUDO_FIELD_INVALID'
  if (method === 'CONNECT' && authority === undefined) return 'PSEUDO_FIELD_MISSING'
  // RFC 9113 §8.5
  if (method === 'CONNECT' && protocol === undefined)
    return path === undefined && scheme === undefined ? undefined : 'PSEUDO_FIELD_INVALID'
  if (path === undefined || scheme === undefined) return 'PSEUDO_FIELD_MISSING'
  if (scheme !== 'https' && scheme !== 'http' && !(/^[a-z]/i.test(scheme) && consistsOf(scheme, SCHEME)))
    return 'PSEUDO_FIELD_VALUE_INVALID'
  if (protocol !== undefined && !isToken(protocol)) return 'PSEUDO_FIELD_VALUE_INVALID'
  // a path only: the absolute form would contain an authority of its own
  if (path.charCodeAt(0) !== SLASH && !(path === '*' && method === 'OPTIONS')) return 'PSEUDO_FIELD_VALUE_INVALID'
  return undefined
}

/** Makes the head of a response from the fields of a block. RFC 9113 §8.3.2. */
export function readResponse(list: readonly Field[], limits: HeadLimits): Http2Response | HeadFault {
  const scan = scanOf(list, false, limits)
  if (typeof scan === 'string') return scan
  const { status, fields, length } = scan
  if (status === undefined) return 'PSEUDO_FIELD_MISSING'
  if (!/^[1-9]\d\d$/.test(status)) return 'PSEUDO_FIELD_VALUE_INVALID'
  let bytes = 17
  for (const { name, value } of fields) bytes += name.length + value.length + 4
  return bytes > limits.headBytes ? 'HEAD_TOO_LARGE' : new Http2Response(Number(status), fields, length)
}

/** Whether the head that has come is not yet that of the final response. */
export function awaitsResponse(head: Http2Request | Http2Response | undefined): boolean {
  return head === undefined || (head instanceof Http2Response && head.status < 200)
}

/** Trailer fields, but for those that have no business there; null when none are left. RFC 9113 §8.1. */
export function readTrailers(
  list: readonly Field[],
  limits: Pick<Http2Limits, 'trailerFields' | 'trailerBytes'>,
): readonly (readonly [string, string])[] | null | Http2FaultCode {
  let bytes = 0
  const kept: (readonly [string, string])[] = []
  for (const field of list) {
    const { name, value } = field
    if (name.charCodeAt(0) === 0x3a) return 'PSEUDO_FIELD_INVALID'
    if (field._fault !== FINE) return field._fault === MALFORMED_NAME ? 'FIELD_NAME_MALFORMED' : 'FIELD_VALUE_MALFORMED'
    if (isOfConnection(field)) return 'CONNECTION_FIELD'
    bytes += name.length + value.length + 4
    if (isTrailerField(name)) kept.push([name, value])
  }
  if (list.length > limits.trailerFields || bytes + 2 > limits.trailerBytes) return 'TRAILER_LIST_TOO_LARGE'
  return kept.length > 0 ? kept : null
}
