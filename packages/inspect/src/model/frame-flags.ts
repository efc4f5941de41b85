// Flags of frames of HTTP/2 (RFC 9113 §6), and the bytes in front of their payload (§4.1).
export const END_STREAM = 1
export const ACK = 1
export const END_HEADERS = 4
export const PADDED = 8
export const HAS_PRIORITY = 32

export const headBytes = 9
