/**
 * Checks text as it comes, in any pieces: the first byte that cannot be valid there is reported at once. When one
 * text is complete the next may follow. RFC 3629.
 */
export class Utf8Checker {
  /** Whether the text may end here: its last character is complete. */
  get complete(): boolean {
    return this._needed === 0
  }

  /** Continuation bytes that the last character still needs. */
  private _needed: number = 0
  /** The lowest value that the next one may have. */
  private _lowest: number = 0x80
  private _highest: number = 0xbf

  /** Checks bytes `start` (inclusive) to `end` (exclusive). Returns the position of the first wrong one, or -1. */
  check(bytes: Uint8Array, start: number, end: number): number {
    let at = start
    while (at < end) {
      const byte = bytes[at]!
      if (this._needed > 0) {
        if (byte < this._lowest || byte > this._highest) return at
        this._needed--
        this._lowest = 0x80
        this._highest = 0xbf
      } else if (byte >= 0x80 && !this._lead(byte)) return at
      at++
    }
    return -1
  }

  /**
   * The first byte of a multi-byte character (RFC 3629 §4). Its first continuation byte is restricted where a shorter form
   * exists (E0, F0), where surrogates would begin (ED), and where Unicode ends (F4).
   */
  private _lead(byte: number): boolean {
    if (byte < 0xc2 || byte > 0xf4) return false
    this._needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
    if (byte === 0xe0) this._lowest = 0xa0
    else if (byte === 0xf0) this._lowest = 0x90
    else if (byte === 0xed) this._highest = 0x9f
    else if (byte === 0xf4) this._highest = 0x8f
    return true
  }
}
