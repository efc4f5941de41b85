import { type DecodeLatin1, decodeLatin1 } from '../bytes.ts'
import { DynamicTable } from './dynamic-table.ts'
import { Field } from './field.ts'
import { huffmanDecode } from './huffman.ts'
import { ENTRY_BYTES, STATIC_ENTRIES, TABLE_BYTES } from './numbers.ts'
import { staticTable } from './static-table.ts'

/** Holds text until it is decoded; used for one text after the other, by all connections. */
let scratch: Uint8Array = /* @__PURE__ */ new Uint8Array(256)

/** Reads HPACK header blocks (RFC 7541) one after the other: each may refer to entries that earlier ones added. */
export class HpackDecoder {
  readonly table: DynamicTable
  /** The fields of the last block, in wire order, except those beyond `maxFields` or `maxBytes`. */
  fields: Field[] = []
  /** Whether there were such fields. */
  overflow: boolean = false
  /** The size of the list according to RFC 9113 §6.5.2, including what was left out. */
  listBytes: number = 0
  /** The position of the error in the block, if there is one. */
  errorOffset: number = 0
  /** The largest size that the peer may give the table: ours, once it has been acknowledged. */
  maxTable: number
  readonly _decode: DecodeLatin1
  /** Where the last integer or text ended, or -1 if it was malformed. */
  _p: number = 0

  /** @param maxTable the SETTINGS_HEADER_TABLE_SIZE of this side. Default: 4096, the protocol's default. */
  constructor(maxTable: number = TABLE_BYTES, decode: DecodeLatin1 = decodeLatin1) {
    this.table = new DynamicTable(maxTable)
    this.maxTable = maxTable
    this._decode = decode
  }

  /**
   * Reads the block from `start` to `end`. Its effects on the table count even if it has too many fields.
   *
   * @returns false when it is malformed: then nothing that follows can be understood. RFC 9113 §4.3.
   */
  decode(
    buf: Uint8Array,
    start: number,
    end: number,
    maxFields: number = Infinity,
    maxBytes: number = Infinity,
  ): boolean {
    const fields: Field[] = (this.fields = [])
    this.overflow = false
    this.listBytes = 0
    let isFirst = true
    for (let p = start; p < end;) {
      this.errorOffset = p
      const c = buf[p]!
      if (c >= 0x20 && c < 0x40) {
        // only before all fields (§4.2)
        const size = this._integer(buf, p, end, 0x1f)
        if (!isFirst || this._p < 0 || size > this.maxTable) return false
        this.table.resize(size)
        p = this._p
        continue
      }
      isFirst = false
      let field: Field | undefined
      if (c >= 0x80) {
        field = this._entry(this._integer(buf, p, end, 0x7f))
        if (this._p < 0) return false
      } else field = this._literal(buf, p, end, c)
      if (field === undefined) return false
      p = this._p
      if (c >= 0x40 && c < 0x80) this.table.add(field)
      this.listBytes += field.size
      if (fields.length >= maxFields || this.listBytes - (fields.length + 1) * ENTRY_BYTES > maxBytes)
        this.overflow = true
      else if (!this.overflow) fields.push(field)
    }
    return true
  }

  _literal(buf: Uint8Array, start: number, end: number, c: number): Field | undefined {
    const index = this._integer(buf, start, end, c >= 0x40 ? 0x3f : 0x0f)
    if (this._p < 0) return undefined
    const name = index === 0 ? this._text(buf, this._p, end) : this._entry(index)?.name
    if (name === undefined) return undefined
    const value = this._text(buf, this._p, end)
    return value === undefined ? undefined : new Field(name, value, (c & 0xf0) === 0x10)
  }

  _entry(index: number): Field | undefined {
    return index <= STATIC_ENTRIES ? staticTable[index] : this.table.at(index - STATIC_ENTRIES - 1)
  }

  /** §5.1. Five bytes after the prefix are more than any value needs. */
  _integer(buf: Uint8Array, start: number, end: number, mask: number): number {
    let value = buf[start]! & mask
    let p = start + 1
    if (value === mask)
      for (let scale = 1; ; scale *= 128) {
        if (p >= end || scale > 2 ** 28) {
          this._p = -1
          return 0
        }
        const c = buf[p++]!
        value += (c & 0x7f) * scale
        if (c < 0x80) break
      }
    this._p = p
    return value
  }

  /** §5.2. Undefined when it is longer than the block, or its Huffman code is not valid. */
  _text(buf: Uint8Array, start: number, end: number): string | undefined {
    if (start >= end) return undefined
    const length = this._integer(buf, start, end, 0x7f)
    const from = this._p
    const to = from + length
    if (from < 0 || to > end) return undefined
    this._p = to
    if (buf[start]! < 0x80) return this._decode(buf, from, to)
    if (scratch.length < length * 2) scratch = new Uint8Array(length * 2)
    const size = huffmanDecode(buf, from, to, scratch)
    return size < 0 ? undefined : this._decode(scratch, 0, size)
  }
}
