/** Shared strings for the methods in common use, so that a head with one of them allocates no method string. */
const methods: readonly string[] = [
  'GET',
  'PUT',
  'HEAD',
  'POST',
  'PATCH',
  'TRACE',
  'DELETE',
  'CONNECT',
  'OPTIONS',
  'PROPFIND',
  'QUERY',
]

/** The method `from`..`to` if it is a known one, otherwise the empty string. Methods are case-sensitive (RFC 9110 §9.1). */
export function knownMethod(buf: Uint8Array, from: number, to: number): string {
  const length = to - from
  if (length === 3 && buf[from] === 0x47 && buf[from + 1] === 0x45 && buf[from + 2] === 0x54) return 'GET'
  for (let i = 1; i < methods.length; i++) {
    const method = methods[i]!
    if (method.length === length && matches(buf, from, method)) return method
  }
  return ''
}

function matches(buf: Uint8Array, from: number, method: string): boolean {
  for (let i = 0; i < method.length; i++) if (buf[from + i] !== method.charCodeAt(i)) return false
  return true
}
