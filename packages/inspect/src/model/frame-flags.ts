// Flags of HTTP/2 frames (RFC 9113 §6), and the size of the frame header (§4.1).
export const END_STREAM = 1
export const ACK = 1
export const END_HEADERS = 4
export const PADDED = 8
export const HAS_PRIORITY = 32

export const headBytes = 9
