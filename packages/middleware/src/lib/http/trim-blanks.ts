/**
 * A text without the spaces and tabs around it (OWS, RFC 9110 §5.6.3). `trim()` would remove further characters, among them
 * U+00A0, which is an octet of a field like any other. An expression like `/[ \t]+$/` takes quadratic time, because it scans a run of
 * blanks again from each place in it.
 */
export function trimBlanks(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
