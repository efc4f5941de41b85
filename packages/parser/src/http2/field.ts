import { consistsOf, is, isBlank, TCHAR, VALUE } from '../bytes.ts'
import { ENTRY_BYTES, FINE, INVALID_VALUE, MALFORMED_NAME, MALFORMED_VALUE, N_UNKNOWN_PSEUDO } from './numbers.ts'

/** The position of each name is its number in numbers.ts. */
const names: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(
  (
    ':authority :method :path :scheme :status :protocol host cookie content-length te expect priority ' +
    'connection keep-alive proxy-connection transfer-encoding upgrade'
  )
    .split(' ')
    .map((name, i) => [name, i + 1]),
)

/** A field line of HTTP/2, or a pseudo-field, whose name begins with a colon. One character per byte. */
export class Field {
  readonly name: string
  readonly value: string
  /** Whether it must never be put into a table, because its value could then be guessed. RFC 7541 §7.1.3. */
  readonly sensitive: boolean
  /** The number of its name, if the name has a meaning to this package; otherwise 0. */
  readonly _id: number
  /** What is wrong with the field by itself. */
  readonly _fault: number

  constructor(name: string, value: string, sensitive: boolean = false) {
    this.name = name
    this.value = value
    this.sensitive = sensitive
    this._id = names.get(name) ?? (name.charCodeAt(0) === 0x3a ? N_UNKNOWN_PSEUDO : 0)
    this._fault = faultOf(name, value, this._id)
  }

  /** Its size in a list of fields and in a table. RFC 7541 §4.1, RFC 9113 §6.5.2. */
  get size(): number {
    return this.name.length + this.value.length + ENTRY_BYTES
  }
}

/** Checked once for each literal: a field referred to again has been checked before. */
function faultOf(name: string, value: string, id: number): number {
  // Known names are valid.
  if (id === 0 && !isLowerToken(name)) return MALFORMED_NAME
  if (consistsOf(value, VALUE)) {
    const { length } = value
    const isPadded = length > 0 && (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(length - 1)))
    return isPadded ? MALFORMED_VALUE : FINE
  }
  return /[\0\r\n]/.test(value) ? MALFORMED_VALUE : INVALID_VALUE
}

function isLowerToken(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i)
    if ((c >= 0x41 && c <= 0x5a) || c > 0x7f || !is(c, TCHAR)) return false
  }
  return name !== ''
}
