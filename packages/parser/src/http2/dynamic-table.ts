import type { Field } from './field.ts'

/** The dynamic table of one direction of a connection, newest entry first. RFC 7541 §2.3.2 and §4. */
export class DynamicTable {
  /** Bytes of all entries. */
  size: number = 0
  /** Most bytes of all entries. */
  max: number
  /** Counts the changes: an index found before a change may be wrong after it. */
  generation: number = 0
  count: number = 0
  /** A ring buffer; the newest entry is in front of `_next`. Its length is a power of two. */
  _ring: (Field | undefined)[] = []
  _next: number = 0

  constructor(max: number) {
    this.max = max
  }

  /** @param i 0 for the newest entry. */
  at(i: number): Field | undefined {
    return i < this.count ? this._ring[(this._next - 1 - i) & (this._ring.length - 1)] : undefined
  }

  /** Entries for which there is no more room are removed; an entry larger than the table empties it. */
  add(field: Field): void {
    const { size } = field
    this.generation++
    this._shrinkTo(this.max - size)
    if (size > this.max) return
    if (this.count === this._ring.length) this._grow()
    this._ring[this._next] = field
    this._next = (this._next + 1) & (this._ring.length - 1)
    this.count++
    this.size += size
  }

  resize(max: number): void {
    if (max < this.size) this.generation++
    this.max = max
    this._shrinkTo(max)
  }

  _shrinkTo(size: number): void {
    while (this.size > size && this.count > 0) {
      const oldest = (this._next - this.count) & (this._ring.length - 1)
      this.size -= this._ring[oldest]!.size
      this._ring[oldest] = undefined
      this.count--
    }
  }

  _grow(): void {
    const entries: Field[] = []
    for (let i = this.count - 1; i >= 0; i--) entries.push(this.at(i)!)
    this._ring = [...entries, ...Array.from<undefined>({ length: Math.max(8, entries.length) })]
    this._next = entries.length
  }
}
