import { DynamicTable } from './dynamic-table.ts'
import { Field } from './field.ts'
import type { FrameBuffer } from './frames.ts'
import { huffmanEncode, huffmanLength } from './huffman.ts'
import { ENTRY_BYTES, STATIC_ENTRIES, TABLE_BYTES } from './numbers.ts'
import { staticNames, staticTable } from './static-table.ts'

/**
 * Fields whose values are repeated on a connection. They are put into the table; any other value would only push these
 * out of it.
 */
const indexed: ReadonlySet<string> = /* @__PURE__ */ new Set(
  (
    ':authority :scheme :protocol accept accept-encoding accept-language accept-ranges access-control-allow-credentials ' +
    'access-control-allow-headers access-control-allow-methods access-control-allow-origin access-control-expose-headers ' +
    'access-control-max-age allow alt-svc cache-control content-encoding content-language content-security-policy ' +
    'content-type cross-origin-embedder-policy cross-origin-opener-policy cross-origin-resource-policy keep-alive origin ' +
    'origin-agent-cluster permissions-policy referrer-policy sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform server ' +
    'strict-transport-security te timing-allow-origin upgrade-insecure-requests user-agent vary via x-content-type-options ' +
    'x-dns-prefetch-control x-download-options x-frame-options x-permitted-cross-domain-policies x-powered-by ' +
    'x-xss-protection'
  ).split(' '),
)

/** Fields that must never be in a table, neither here nor behind a proxy. RFC 7541 §7.1.3. */
const sensitive: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'authorization',
  'cookie',
  'proxy-authorization',
  'set-cookie',
])

/** Writes HPACK header blocks (RFC 7541): {@link begin}, and then each field. */
export class HpackEncoder {
  readonly table: DynamicTable
  /** The smallest size that the peer has requested since the last block. */
  _smallest: number
  _announced: number

  constructor() {
    this.table = new DynamicTable(TABLE_BYTES)
    this._smallest = this._announced = TABLE_BYTES
  }

  /** Counts the changes of the table: a block that was written before a change means something else after it. */
  get generation(): number {
    return this.table.generation
  }

  /** The peer has set SETTINGS_HEADER_TABLE_SIZE; no more than 4096 are used. */
  allow(size: number): void {
    const max = Math.min(size, TABLE_BYTES)
    this._smallest = Math.min(this._smallest, max)
    if (max !== this.table.max) this.table.generation++
    this.table.resize(max)
  }

  /** Begins a block, with any changes of the table's size (RFC 7541 §4.2). */
  begin(out: FrameBuffer): void {
    const { max } = this.table
    if (this._smallest === this._announced && max === this._announced) return
    out.reserve(12)
    if (this._smallest < max) writeInteger(out, this._smallest, 0x1f, 0x20)
    writeInteger(out, max, 0x1f, 0x20)
    this._smallest = this._announced = max
  }

  /**
   * Writes a field. Repeated ones are found in the table, and those that are likely to be repeated are added to it.
   *
   * @param name in lower case. @param value one character per byte. @param never whether it must never be in a table
   */
  field(out: FrameBuffer, name: string, value: string, never: boolean = sensitive.has(name)): void {
    const known = staticNames.get(name) ?? 0
    for (let i = known; i > 0 && staticTable[i]?.name === name; i++)
      if (staticTable[i]!.value === value && value !== '') return this.index(out, i)
    const isIndexed = !never && indexed.has(name)
    if (isIndexed) {
      const { table } = this
      for (let i = 0; i < table.count; i++) {
        const entry = table.at(i)!
        if (entry.value === value && entry.name === name) return this.index(out, STATIC_ENTRIES + 1 + i)
      }
      const field = new Field(name, value)
      // a field that takes a quarter of the table would leave too little for the others
      if (field.size * 4 <= table.max) {
        this._literal(out, 0x40, 0x3f, known, name, value, true)
        return table.add(field)
      }
    }
    this._literal(out, never ? 0x10 : 0, 0x0f, known, name, value, isIndexed)
  }

  /** Writes a reference to a table entry. */
  index(out: FrameBuffer, index: number): void {
    out.reserve(6)
    writeInteger(out, index, 0x7f, 0x80)
  }

  /** @param compress whether saving bytes with the Huffman code is worth the time, which it is if the result is used again. */
  _literal(
    out: FrameBuffer,
    kind: number,
    mask: number,
    known: number,
    name: string,
    value: string,
    compress: boolean,
  ): void {
    out.reserve(name.length + value.length + ENTRY_BYTES)
    writeInteger(out, known, mask, kind)
    if (known === 0) writeText(out, name, compress)
    writeText(out, value, compress)
  }
}

/** §5.1. */
function writeInteger(out: FrameBuffer, value: number, mask: number, kind: number): void {
  if (value < mask) return out.byte(kind | value)
  out.byte(kind | mask)
  let rest = value - mask
  for (; rest >= 128; rest >>>= 7) out.byte((rest & 0x7f) | 0x80)
  out.byte(rest)
}

/** §5.2. */
function writeText(out: FrameBuffer, text: string, compress: boolean): void {
  const short = compress ? huffmanLength(text) : Infinity
  if (short < text.length) {
    writeInteger(out, short, 0x7f, 0x80)
    huffmanEncode(text, out)
  } else {
    writeInteger(out, text.length, 0x7f, 0)
    out.appendText(text)
  }
}
